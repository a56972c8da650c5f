/* idempotency - answers kept for a day under the key that the client gave with its request, so that
 * a request sent again is answered again and not done again. The answer is kept in the transaction
 * of the change: either both are on disk or neither. */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tx;

struct idempotency {
    int64_t owner;        /* the API key's id: keys of different clients do not meet */
    const char *key;      /* what the client chose */
    const char *request;  /* hash of the whole request, hex */
};

/* Looks for a kept answer. OK with *status 0: there is none; else *status and <body> (appended) are
 * the answer. ERR_CONFLICT: the key was used for another request. */
int idempotency_find(struct tx *tx, const struct idempotency *request, int *status,
                     struct buf *body, struct err *err);
/* Keeps an answer; in the transaction that did what it tells. */
int idempotency_keep(struct tx *tx, const struct idempotency *request, int status,
                     const struct buf *body, struct err *err);
