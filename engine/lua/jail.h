/* jail - runs invite strategies where they can do no harm: in a child process of the same program, with a read-only database handle,
 * capped memory, no network and no writing, and at most the deadline for each strategy. Past it, or when it dies, the child is
 * killed and begun anew: that strategy has failed, the others' answers stand.
 * Owns: one thread that talks to the child, and the child, which is begun at the first request and ended after some idle time. */
#pragma once
#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct jail;
struct loop;
struct snapshot;

struct jail_options {
    struct loop *loop;      /* where answers are posted; NULL: only jail_collect_now() */
    const char *database;   /* copied */
};

/* Begins the thread. NULL + err. */
struct jail *jail_new(const struct jail_options *options, struct err *err);
/* Kills the child; requests that wait are answered with ERR_CLOSED. NULL is allowed. */
void jail_free(struct jail *jail);

/* {"people": [{person_id, strategy, reason, source_line}], "runs": [{strategy, state, error, duration_ms, people}]}; the reference is
 * the callback's to keep. NULL with <err> when nothing could be asked. Posted to the loop once. */
typedef void (*jail_done_fn)(void *arg, json_t *answer, const struct err *err);

struct jail_request {
    const json_t *incident;         /* the kernel's object; copied */
    const json_t *strategies;       /* as generations_invites(); copied */
    struct snapshot *snapshot;      /* the files of the generation; a reference is taken */
    int64_t deadline_ms;            /* for each strategy */
};
/* Asks the strategies, one after the other; for a private incident only those with is_private. Loop thread. */
void jail_collect(struct jail *jail, const struct jail_request *request, jail_done_fn done, void *arg);
/* Blocking twin for the command line; no other request may be under way. */
json_t *jail_collect_now(struct jail *jail, const struct jail_request *request, struct err *err);
