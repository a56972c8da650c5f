/* oncall - the on-call rows of a provider, replaced as a whole. */
#pragma once
#include "core/args.h"

struct tx;

/* Replaces the rows of <provider> with those at <key> of <parent>: [{service, level?, email or
 * person_id, starts_at_ms?, ends_at_ms?}]. People who are known only by e-mail address are made. */
int oncall_replace(struct tx *tx, const struct args *parent, const char *key, struct text provider);
