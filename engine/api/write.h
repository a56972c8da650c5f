/* write - routes that run an operation of the kernel. The body is checked whole; the operation, the
 * answer and its keeping under an Idempotency-Key are one transaction. Operations that only read
 * run on a reader, and nothing is kept. */
#pragma once
#include "api/api_internal.h"
#include "api/route.h"

/* What a route does. */
struct api_write {
    const char *op; /* "incident.update" */
    /* Which argument each parameter of the path becomes: "id", or "id:incident_id cost:id". Names
     * that end with "#" are numbers. The first is the incident. */
    const char *path;
    const struct api_shape *body; /* NULL: none is read */
    /* Writes the answer, in the operation's transaction: read->id is the incident, read->result
     * what the operation answered. May set read->status. NULL: what the operation answered, in the
     * shape that the route promises; 204 when it promises none. */
    api_read_fn answer;
    const void *arg; /* read->arg, for <answer> */
    const char *
        from; /* the member of the operation's answer to show ("incident.impacts"); NULL: all of it */
    bool conflict_is_invalid; /* a refusal by the state is a 400 like any other, not a 409 */
};

/* One run: what is done, where the answer goes, and who does it. */
struct write_call {
    const struct api_write *what;
    struct api_read *read;
    json_t *args; /* of the operation, checked by body_check(); borrowed */
    const struct actor *actor;
};
/* Checks what only the store knows, runs the operation and writes the answer to read->out, all in <tx>. ERR_INVALID:
 * read->errors or <err> say why. */
int write_apply(struct tx *tx, const struct write_call *call, struct err *err);
/* Tells <read> how the route answers: fn, arg and status. */
void write_answer_of(const struct api_route *route, struct api_read *read);

/* The handler of all of them; <arg> is the struct api. */
void write_on_request(const struct route_match *match, void *arg);
