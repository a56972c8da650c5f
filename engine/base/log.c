#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A longer message is cut: a log line is not the place for a body. */
enum { LONGEST_MESSAGE = 8192 };

static const char *const LEVEL_NAMES[] = { "debug", "info", "warn", "error" };
static const char *const GROUP_NAMES[LOG_GROUPS] = {
    [LOG_ENGINE] = "engine", [LOG_STORE] = "store",   [LOG_HTTP] = "http",
    [LOG_CLIENT] = "client", [LOG_JOB] = "job",       [LOG_SCHEDULE] = "schedule",
    [LOG_LUA] = "lua",       [LOG_SCRIPT] = "script", [LOG_JAIL] = "jail",
    [LOG_API] = "api",
};

/* Switched at run time by one thread, read by all. */
static _Atomic int group_levels[LOG_GROUPS] = {
    [0 ... LOG_GROUPS - 1] = LOG_INFO_LEVEL,
};
static _Atomic bool is_json;

void log_configure(enum log_level level, bool json)
{
    for (int group = 0; group < LOG_GROUPS; group++)
        log_set_group((enum log_group)group, level);
    atomic_store(&is_json, json);
}

void log_set_group(enum log_group group, enum log_level level)
{
    REQUIRE(group < LOG_GROUPS);
    atomic_store_explicit(&group_levels[group], (int)level, memory_order_relaxed);
}

bool log_is_on(enum log_group group, enum log_level level)
{
    return (int)level >= atomic_load_explicit(&group_levels[group], memory_order_relaxed);
}

int log_level_from_name(const char *name)
{
    for (int level = LOG_DEBUG_LEVEL; level <= LOG_ERROR_LEVEL; level++)
        if (strcmp(name, LEVEL_NAMES[level]) == 0)
            return level;
    return -1;
}

static void put_logfmt(struct buf *line, enum log_level level, enum log_group group,
                       int64_t incident_id, const struct buf *msg)
{
    buf_puts(line, "ts=");
    clock_format_iso(clock_now_ms(), line);
    buf_printf(line, " level=%s group=%s", LEVEL_NAMES[level], GROUP_NAMES[group]);
    if (incident_id)
        buf_printf(line, " incident=%" PRId64, incident_id);
    buf_puts(line, " msg=");
    json_escape(line, buf_text(msg), msg->len);
}

static void put_json(struct buf *line, enum log_level level, enum log_group group,
                     int64_t incident_id, const struct buf *msg)
{
    AUTO_BUF struct buf ts = BUF_INIT;
    clock_format_iso(clock_now_ms(), &ts);
    struct json_writer w;
    json_writer_init(&w, line);
    json_object_begin(&w);
    json_put_text(&w, "ts", buf_text(&ts));
    json_put_text(&w, "level", LEVEL_NAMES[level]);
    json_put_text(&w, "group", GROUP_NAMES[group]);
    if (incident_id)
        json_put_int(&w, "incident", incident_id);
    json_key(&w, "msg");
    json_text_n(&w, buf_text(msg), msg->len);
    json_object_finish(&w);
}

void log_write(enum log_level level, enum log_group group, int64_t incident_id, const char *fmt,
               ...)
{
    if (!log_is_on(group, level))
        return;
    AUTO_BUF struct buf msg = BUF_INIT;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&msg, fmt, args);
    va_end(args);
    if (msg.len > LONGEST_MESSAGE) {
        msg.len = LONGEST_MESSAGE;
        buf_puts(&msg, " [cut]");
    }

    AUTO_BUF struct buf line = BUF_INIT;
    if (atomic_load_explicit(&is_json, memory_order_relaxed))
        put_json(&line, level, group, incident_id, &msg);
    else
        put_logfmt(&line, level, group, incident_id, &msg);
    buf_putc(&line, '\n');
    /* One write a line, so that lines of several threads and of the jail's processes do not mix. A log that cannot be
     * written has nowhere to be reported. */
    ssize_t written = write(STDERR_FILENO, line.data, line.len);
    (void)written;
}
