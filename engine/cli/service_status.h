/* service_status - what the parts of the running engine say about themselves on /healthz, /metrics
 * and /debug/tasks. */
#pragma once

struct api;
struct engine;

/* Once, before the server runs. Reads the parts of <engine> when it is asked; they may be made
 * later, but for the router. */
void service_status_add(struct api *api, struct engine *engine);
