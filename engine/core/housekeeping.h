/* housekeeping - removes what nobody needs any more, once an hour: jobs and deliveries of webhooks
 * that ended 30 days ago, and expired values of scripts. In small steps, so that no other write
 * waits long. Loop thread. */
#pragma once

struct engine;
struct housekeeping;

/* Begins a minute from now. */
struct housekeeping *housekeeping_new(struct engine *engine);
/* Starts nothing more; before the store is closed. */
void housekeeping_close(struct housekeeping *housekeeping);
/* After loop_free(). NULL is allowed. */
void housekeeping_free(struct housekeeping *housekeeping);
