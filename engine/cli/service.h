/* service - the running engine: puts the parts together, serves until it is told to stop, takes
 * them apart again. Read service_run() first; it is the order in which everything happens. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "lua/generation.h"

struct service_options {
    const char *name;               /* "the engine": how messages call it */
    const char *root, *config_path; /* config_path NULL: there is none */
    const json_t *config; /* its keys for the engine itself, before a generation is loaded; NULL: none */
    enum generations_mode mode;
    const char *database;
    const char *listen; /* NULL: what the config says */
    bool has_pidfile;
    bool is_loopback_only; /* does not start on an address that other machines reach */
};

/* Serves; returns an exit code after SIGTERM or SIGINT. */
int service_run(const struct service_options *options);
