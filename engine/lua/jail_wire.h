/* jail_wire - what both sides of the jail's socket must agree on. Messages are JSON objects,
 * framed as in loop/channel.h.
 *
 *   engine -> jail   {database, memory_bytes, state_bytes, budget_us, files: [[path, bytes]]}, and
 *                    their texts, one behind the other, in a message of its own
 *   jail -> engine   {ready: "yes", warning?}, or {fatal: text} and it ends
 * and then, one at a time,
 *   engine -> jail   {id, paths: [path], incident_id, category_id, is_private}, and the incident in a
 *                    message of its own
 *   jail -> engine   {id, answer: {state, error?, notes, reasons, people, count}} (see jail_run.h) for
 *                    each path, as soon as it is known; <id> is the question's for the first, and one
 *                    more for each */
#pragma once
#include <stddef.h>

enum {
    JAIL_FD = 3,                    /* the socket, in the jail */
    JAIL_MESSAGE_MAX = 64 << 20,    /* bytes of a message to the jail */
    JAIL_ANSWER_MAX = 16 << 20,     /* bytes of a message from it */
    JAIL_PROCESS_BYTES = 256 << 20, /* address space of the process */
    JAIL_STATE_BYTES = 16 << 20,    /* Lua memory of a strategy */
};
