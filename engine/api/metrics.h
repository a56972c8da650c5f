/* metrics - the figures of the running engine as Prometheus text. Parts add theirs once; they
 * are read when asked for. Loop thread. */
#pragma once
#include <stdint.h>

#include "base/buf.h"

struct api;
struct http_exchange;
struct metrics;

/* Holds no figures yet. */
struct metrics *metrics_new(void);
/* NULL is allowed. */
void metrics_free(struct metrics *metrics);

/* Adds one figure. <name>: "halligan_jobs_running"; several figures may share a name when they
 * are added one after the other and differ in labels: "halligan_jobs{state=\"dead\"}". <type>:
 * "gauge" or "counter". All literals. */
void metrics_add(struct metrics *metrics, const char *name, const char *help, const char *type,
                 double (*read)(void *arg), void *arg);

/* An http_observer_fn; <metrics> is a struct metrics: counts the answer by route and status. */
void metrics_observe(void *metrics, const struct http_exchange *exchange, int status, int64_t duration_us);

/* Adds those of the server and the store. */
void metrics_add_figures(struct api *api);

/* Appends everything. */
void metrics_write(const struct metrics *metrics, struct buf *out);
