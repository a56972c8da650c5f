/* audit - who did what, from where, with the values before and after. Written in the transaction of
 * the change; audit_chain.h says how it is protected. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct actor;
struct tx;

/* One entry of the log. */
struct audit_entry {
    const char *action;  /* the operation's name: "incident.declare" */
    int64_t incident_id; /* 0: none */
    const char *before;  /* JSON text; NULL: there was nothing */
    const char *after;   /* JSON text; NULL: there is nothing any more */
};

/* Writes one entry with the time of now. */
int audit_write(struct tx *tx, const struct actor *actor, const struct audit_entry *entry,
                struct err *err);

/* "person", "key", "operator", "system": the name of an enum actor_kind. */
const char *audit_actor_name(int kind);
