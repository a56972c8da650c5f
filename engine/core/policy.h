/* policy - who may see what. The one place that answers it: every output asks here, in C or with
 * the SQL below. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct actor;
struct op_call;
struct tx;

/* True when <actor> may see the incident: it is not private, or the actor sees all, or is a person
 * who is a member of it, holds a role in it or is an administrator. False for an incident that does
 * not exist, and when the store fails: it fails closed. */
bool may_see(const struct actor *actor, struct tx *tx, int64_t incident_id);

/* OK, or ERR_NOT_FOUND with the same words for an incident that is hidden from the caller and one
 * that does not exist. */
int policy_require_incident(struct op_call *call, int64_t incident_id);

/* For operations with one argument, <key>: reads it into <id> as an incident that the caller may
 * see, and refuses any other argument. */
int policy_only_incident(struct op_call *call, const char *key, int64_t *id);

/* The same as a condition on the alias i of the table incident. Bind "itt": policy_sees_all(actor),
 * policy_person(actor), policy_person(actor). */
#define POLICY_MAY_SEE_SQL                                                                    \
    "(i.is_private = 0 OR ? = 1"                                                              \
    " OR EXISTS (SELECT 1 FROM incident_member pm"                                            \
    " WHERE pm.incident_id = i.id AND pm.person_id = ?)"                                      \
    " OR EXISTS (SELECT 1 FROM (SELECT ? AS id) me WHERE EXISTS (SELECT 1 FROM incident_role" \
    " pr WHERE pr.incident_id = i.id AND pr.person_id = me.id) OR EXISTS (SELECT 1 FROM"      \
    " administrator_person pa WHERE pa.person_id = me.id)))"

int64_t policy_sees_all(const struct actor *actor);   /* 1 or 0 */
const char *policy_person(const struct actor *actor); /* the person's id, "" for everyone else */
