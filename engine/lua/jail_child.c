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
#include <string.h>
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

/* The next message, NUL-terminated; false at the end of the stream. */
static bool receive(struct buf *text)
{
    unsigned char header[CHANNEL_HEADER];
    if (!read_all(header, sizeof(header)))
        return false;
    size_t len = channel_get_header(header);
    if (len > JAIL_MESSAGE_MAX)
        return false;
    buf_clear(text);
    buf_reserve(text, len);
    if (!read_all(text->data, len))
        return false;
    text->len = len;
    text->data[len] = '\0';
    return true;
}

/* A new reference; NULL at the end of the stream. */
static json_t *receive_json(void)
{
    AUTO_BUF struct buf text = BUF_INIT;
    return receive(&text) ? json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL) : NULL;
}

/* Room for what stands in front of a message: it is sent in one piece. */
static void begin_message(struct buf *message)
{
    static const char ROOM[CHANNEL_HEADER];
    buf_append(message, ROOM, sizeof(ROOM));
}

static void send_message(struct buf *message)
{
    unsigned char header[CHANNEL_HEADER];
    channel_put_header(header, (uint32_t)(message->len - sizeof(header)));
    memcpy(message->data, header, sizeof(header));
    (void)write_all(message->data, message->len); /* the engine is gone: the next read says so */
}

static void send_pair(const char *key, const char *value, const char *warning)
{
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    begin_message(&text);
    json_writer_init(&w, &text);
    json_object_begin(&w);
    json_put_text(&w, key, value);
    if (warning)
        json_put_text(&w, "warning", warning);
    json_object_finish(&w);
    send_message(&text);
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
    AUTO_BUF struct buf texts = BUF_INIT;
    const char *path = json_string_value(json_object_get(first, "database"));
    if (!path)
        return err_set(err, ERR_INVALID, "the first message names no database");
    if (!receive(&texts))
        return err_set(err, ERR_INVALID, "no files follow the first message");
    struct snapshot *snapshot =
        snapshot_from_texts(json_object_get(first, "files"), texts.data, texts.len, err);
    if (!snapshot)
        return err->code;
    const struct db_options options = { .path = path, .is_read_only = true };
    run->snapshot = snapshot;
    run->memory_bytes = (size_t)json_integer_value(json_object_get(first, "state_bytes"));
    run->budget_us = json_integer_value(json_object_get(first, "budget_us"));
    return db_open(&options, &run->db, err);
}

/* ---- questions */

static void answer(struct jail_run *run, json_int_t id, const char *path,
                   const struct jail_incident *incident)
{
    AUTO_BUF struct buf text = BUF_INIT;
    begin_message(&text);
    buf_puts(&text, "{\"id\":");
    buf_put_int(&text, id);
    buf_puts(&text, ",\"answer\":");
    jail_run_strategy(run, path, incident, &text);
    buf_putc(&text, '}');
    send_message(&text);
}

static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text ? text : "";
}

/* Asks the strategies one after another. <text>: the incident. */
static void answer_all(struct jail_run *run, const json_t *question, const struct buf *text)
{
    json_int_t id = json_integer_value(json_object_get(question, "id"));
    const struct jail_incident incident = {
        .text = text->data,
        .len = text->len,
        .id = json_integer_value(json_object_get(question, "incident_id")),
        .category_id = text_of(json_object_get(question, "category_id")),
        .is_private = json_is_true(json_object_get(question, "is_private")),
    };
    size_t index;
    json_t *path;
    json_array_foreach (json_object_get(question, "paths"), index, path)
        answer(run, id + (json_int_t)index, text_of(path), &incident);
}

int jail_main(void)
{
    struct jail_run run;
    struct err err = { 0 };
    leave_the_engine_behind();
    log_configure(LOG_WARN_LEVEL, false);
    jail_run_init(&run);
    json_t *first = receive_json();
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
    struct buf incident = BUF_INIT;
    for (json_t *question; (question = receive_json()) != NULL; json_decref(question))
        if (receive(&incident))
            answer_all(&run, question, &incident);
    _exit(0); /* without handlers at exit: there is nothing to save, and less that they could do */
}
