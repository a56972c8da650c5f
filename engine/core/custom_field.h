/* custom_field - fields that the operator declares for incidents, for all or for those of some categories:
 * {key, name, type, help?, categories? [id or name or "Group/Name"], min?, max?, choices? [{value, name}]}.
 * Types: text (min, max: characters), number (min, max), boolean, date ("2026-11-23"), url (http or https), choice (one
 * of choices), choices (several). Without any declared field, incidents take whatever they are given. */
#pragma once
#include "core/args.h"

/* Makes the declared fields those of the optional list `custom_fields`. Values in incidents stay. Adds to *changes. */
int custom_field_reconcile(struct tx *tx, const struct args *args, int64_t *changes);

/* Checks the members of <values>, given as `custom_fields` of the call, for an incident of the
 * category: ERR_INVALID with the path custom_fields.KEY for a value that its type does not take, and
 * for a key that is not declared for it. Scripts (sources "chat" and "script") may keep fields that
 * nobody declared beside those: what a chat form asks for. Null (no value) is good for every key, as
 * is "environments", which is the engine's own. */
int custom_field_check(struct op_call *call, const char *category_id, json_t *values);
