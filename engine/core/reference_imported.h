/* reference_imported - what was imported stands until the operator changes his mind. An import writes other rows than
 * config.lua declares; the config's list of a kind is applied again only when that list itself changes. */
#pragma once
#include "core/op.h"

/* Notes that rows of <table> ("category") were imported; nothing for tables that config.lua does not declare. */
int reference_note_imported(struct tx *tx, const char *table, struct err *err);

/* Drops the lists from the arguments of reference.reconcile that must not be applied: those of imported kinds whose
 * text is what it was when the import was first met. */
int reference_drop_imported(struct op_call *call);
