/* hold - keeps the writer busy, so that what is submitted meanwhile becomes one batch with it; or a reader. */
#pragma once
#include <stdatomic.h>
#include <unistd.h>

#include "store/db.h"

struct hold {
    atomic_bool has_begun;
    atomic_bool may_go;
};

static inline int hold_until_it_may_go(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)err;
    struct hold *held = arg;
    atomic_store(&held->has_begun, true);
    while (!atomic_load(&held->may_go))
        usleep(500);
    return OK;
}

static inline void hold_writer(struct db *db, struct hold *held)
{
    atomic_init(&held->has_begun, false);
    atomic_init(&held->may_go, false);
    db_write_repeatable(db, hold_until_it_may_go, NULL, held);
    while (!atomic_load(&held->has_begun))
        usleep(500);
}

static inline void hold_reader(struct db *db, struct hold *held)
{
    atomic_init(&held->has_begun, false);
    atomic_init(&held->may_go, false);
    db_read(db, hold_until_it_may_go, NULL, held);
    while (!atomic_load(&held->has_begun))
        usleep(500);
}

static inline void hold_end(struct hold *held)
{
    atomic_store(&held->may_go, true);
}
