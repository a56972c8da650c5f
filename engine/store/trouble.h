/* trouble - that the database takes no changes, and why: a full disk, an I/O error, another program that holds it.
 * Says so in the log: when it begins, each minute while it goes on, and when it is over. Private to store/.
 * Owns: nothing but itself; embedded in its owner. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct trouble {
    pthread_mutex_t lock;
    struct err cause;       /* code OK: none */
    int64_t since_ms;       /* monotonic, as the next */
    int64_t told_at_ms;     /* 0: never */
    bool is_told;           /* of this one the log has heard */
};

/* No trouble at first. */
void trouble_init(struct trouble *trouble);
/* Nobody asks any more. */
void trouble_fini(struct trouble *trouble);

/* A change failed with <err>. Only what is the database's own fault counts, not what is wrong with a request: false
 * then. For the thread that writes alone, as the next. */
bool trouble_note(struct trouble *trouble, const struct err *err);
/* A change is on disk. */
void trouble_end(struct trouble *trouble);
/* OK, or the cause, copied to <err> (NULL allowed). Any thread. */
int trouble_get(struct trouble *trouble, struct err *err);
