/* closable - may the incident be closed, and if not, every reason why. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/json_writer.h"
#include "core/incident_state.h"

enum { OBSTACLES_MAX = 4 };

struct obstacle {
    const char *code; /* "STATUS_NOT_MITIGATED", ... of the REST API's clients */
    char text[300];   /* a sentence for a person */
};

struct closable {
    struct obstacle obstacles[OBSTACLES_MAX];
    int count;       /* 0: it may be closed */
    json_t *missing; /* [{event_type, name, summary}] of required key events; owned */
};

/* <reason>: the closure reason that is about to be given, NULL for none. Free with closable_fini() in any case. */
int closable_check(struct tx *tx, const struct lifecycle *lifecycle,
                   const struct incident_state *state, const char *reason, struct closable *out,
                   struct err *err);
void closable_fini(struct closable *closable);

/* All obstacles in one text, "; " between them. */
void closable_words(const struct closable *closable, struct buf *out);
