/* jail_child - the jail's own process: reads what to ask, asks, answers, until the engine closes
 * the socket. Single-threaded and blocking; the engine ends it with SIGKILL when it takes too
 * long, so nothing here must be put in order at the end. */
#define _GNU_SOURCE /* close_range */
#include "base/log.h"
#include "base/mem.h"
#include "loop/channel.h"
#include "lua/jail.h"
#include "lua/jail_confine.h"
#include "lua/jail_run.h"
#include "lua/jail_wire.h"
#include "lua/snapshot.h"
#include "store/db.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#define HAS_SANITIZER __has_feature(address_sanitizer)
#else
#define HAS_SANITIZER 0
#endif

/* ---- messages */

/* False at the end of the stream. */
static bool read_all(void *to, size_t len)
{
    char *at = to;
    while (len > 0) {
        ssize_t got = read(JAIL_FD, at, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static bool write_all(const void *from, size_t len)
{
    const char *at = from;
    while (len > 0) {
        ssize_t put = write(JAIL_FD, at, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

/* A new reference; NULL at the end of the stream. */
static json_t *receive(void)
{
    unsigned char header[CHANNEL_HEADER];
    if (!read_all(header, sizeof(header)))
        return NULL;
    size_t len = channel_get_header(header);
    AUTO_FREE char *text = len <= JAIL_MESSAGE_MAX ? try_malloc(len + 1) : NULL;
    if (!text || !read_all(text, len))
        return NULL;
    return json_loadb(text, len, JSON_ALLOW_NUL, NULL);
}

static bool send_text(const struct buf *text)
{
    unsigned char header[CHANNEL_HEADER];
    channel_put_header(header, (uint32_t)text->len);
    return write_all(header, sizeof(header)) && write_all(text->data, text->len);
}

static void send_pair(const char *key, const char *value, const char *warning)
{
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &text);
    json_object_begin(&w);
    json_put_text(&w, key, value);
    if (warning)
        json_put_text(&w, "warning", warning);
    json_object_finish(&w);
    (void)send_text(&text);
}

/* ---- life */

/* Ctrl-C and a service manager's SIGTERM are for the engine, which ends us when it is done. */
static void leave_the_engine_behind(void)
{
    static const int IGNORED[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };
    for (size_t i = 0; i < sizeof(IGNORED) / sizeof(IGNORED[0]); i++)
        (void)signal(IGNORED[i], SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)close_range(JAIL_FD + 1, ~0u, 0);
}

/* 0: none. AddressSanitizer reserves terabytes of address space. */
static size_t process_cap(const json_t *first)
{
    return HAS_SANITIZER ? 0 : (size_t)json_integer_value(json_object_get(first, "memory_bytes"));
}

static int set_up(struct jail_run *run, const json_t *first, struct err *err)
{
    const char *path = json_string_value(json_object_get(first, "database"));
    if (!path)
        return err_set(err, ERR_INVALID, "the first message names no database");
    struct snapshot *snapshot = snapshot_from_json(json_object_get(first, "files"), err);
    if (!snapshot)
        return err->code;
    const struct db_options options = { .path = path, .is_read_only = true };
    run->snapshot = snapshot;
    run->memory_bytes = (size_t)json_integer_value(json_object_get(first, "state_bytes"));
    run->budget_us = json_integer_value(json_object_get(first, "budget_us"));
    return db_open(&options, &run->db, err);
}

/* A question without an incident is about the one before. Strategies get copies of it. */
static void note_incident(json_t **incident, const json_t *request)
{
    json_t *given = json_object_get(request, "incident");
    if (!given)
        return;
    json_decref(*incident);
    *incident = json_incref(given);
}

static void answer(struct jail_run *run, const json_t *request, const json_t *incident)
{
    AUTO_BUF struct buf text = BUF_INIT;
    const char *path = json_string_value(json_object_get(request, "path"));
    buf_printf(&text, "{\"id\":%lld,\"answer\":",
               (long long)json_integer_value(json_object_get(request, "id")));
    jail_run_strategy(run, path ? path : "", incident, &text);
    buf_putc(&text, '}');
    (void)send_text(&text); /* the engine is gone: the next read says so */
}

int jail_main(void)
{
    struct jail_run run;
    struct err err = { 0 };
    leave_the_engine_behind();
    log_configure(LOG_WARN_LEVEL, false);
    jail_run_init(&run);
    json_t *first = receive();
    if (!first || set_up(&run, first, &err) != OK) {
        if (first)
            send_pair("fatal", err.msg, NULL);
        else
            fputs("halligan: `jail` is run by the engine, not by hand\n", stderr);
        _exit(1);
    }
    bool is_confined = jail_confine(process_cap(first), &err) == OK;
    json_decref(first);
    send_pair("ready", "yes", is_confined ? NULL : err.msg);
    json_t *incident = json_object();
    for (json_t *request; (request = receive()) != NULL; json_decref(request)) {
        note_incident(&incident, request);
        answer(&run, request, incident);
    }
    _exit(0); /* without handlers at exit: there is nothing to save, and less that they could do */
}
