/* log - one line an event, logfmt or JSON, to standard error. Thread-safe. Never log a secret; bodies only at debug.
 *   log_warn(LOG_HTTP, incident_id, "upstream %s: %s", host, err.msg);
 * The second argument is the incident's id, 0 when there is none. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARN_LEVEL, LOG_ERROR_LEVEL };
enum log_group {
    LOG_ENGINE,
    LOG_STORE,
    LOG_HTTP,   /* the server */
    LOG_CLIENT, /* outgoing HTTP */
    LOG_JOB,
    LOG_SCHEDULE,
    LOG_LUA,    /* the engine's side of Lua */
    LOG_SCRIPT, /* what scripts log */
    LOG_JAIL,
    LOG_API,
    LOG_GROUPS
};

/* The least level of every group, and JSON lines instead of logfmt. "info" and logfmt until called. */
void log_configure(enum log_level level, bool json);
/* The same for one group, at run time. */
void log_set_group(enum log_group group, enum log_level level);
/* True when a line of that level would be written. */
bool log_is_on(enum log_group group, enum log_level level);
/* LOG_DEBUG_LEVEL for "debug", and so on; -1 when unknown. */
int log_level_from_name(const char *name);

/* Use the macros. Messages are cut at 8 KiB; control characters are escaped, so a line stays one line. */
void log_write(enum log_level level, enum log_group group, int64_t incident_id, const char *fmt,
               ...) __attribute__((format(printf, 4, 5)));

#define log_debug(group, incident, ...)                                 \
    (log_is_on((group), LOG_DEBUG_LEVEL)                                \
         ? log_write(LOG_DEBUG_LEVEL, (group), (incident), __VA_ARGS__) \
         : (void)0)
#define log_info(group, incident, ...)  log_write(LOG_INFO_LEVEL, (group), (incident), __VA_ARGS__)
#define log_warn(group, incident, ...)  log_write(LOG_WARN_LEVEL, (group), (incident), __VA_ARGS__)
#define log_error(group, incident, ...) log_write(LOG_ERROR_LEVEL, (group), (incident), __VA_ARGS__)
