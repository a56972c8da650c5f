/* services - functions of integrations that run as long as their generation is the current one (a
 * connection to a vendor, for one). One that ends or throws is started again, later each time it
 * fails at once. When another generation takes over, its services are ended and those of the new one
 * begin: what must go on meanwhile is kept by the engine (a WebSocket by its name). Loop thread. */
#pragma once
#include <jansson.h>
#include <lua.h>
#include <stdbool.h>

struct generation;
struct generations;
struct service;

/* throws. Adds the service <name>, whose function is on top and is popped, to <generation>. <script>:
 * the unit's id, borrowed. */
void services_add(struct generation *generation, lua_State *L, const char *name,
                  const char *script);
/* Whether one has that name. */
bool services_has(const struct generation *generation, const char *name);

/* Starts all that do not run. */
void services_start(struct generation *generation);
/* Ends all; their to-be-closed variables are closed. */
void services_stop(struct generation *generation);
/* Before the generation's state is freed. */
void services_free(struct generation *generation);

/* [{name, script, is_running, since_ms, restarts, status}] of the current generation, for /healthz: a
 * new reference. <status> is what the service says of itself. */
json_t *services_list(const struct generations *generations);
