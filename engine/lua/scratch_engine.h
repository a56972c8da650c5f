/* scratch_engine - an engine on a database that is thrown away, for what runs scripts apart from a
 * service: tests and checks. Jobs, schedules and on_ready hooks do not run. */
#pragma once
#include "base/err.h"
#include "core/engine.h"
#include "store/scratch.h"

struct scratch_engine {
    struct engine engine;
    struct scratch scratch; /* the database */
};

/* Blocking. All parts but the scripts; <name> is part of the database's folder's name. On failure
 * what was made is still to be given to scratch_engine_fini(). */
int scratch_engine_init(struct scratch_engine *scratch, const char *name, struct err *err);
/* Blocking. Loads the scripts of <root>, which are then the current generation. */
int scratch_engine_load(struct scratch_engine *scratch, const char *root, const char *config_path,
                        struct err *err);
/* Ends everything, the server too when one was added, and removes the database. */
void scratch_engine_fini(struct scratch_engine *scratch);
