/* Reading order: websocket_open, on_readable, pump_in and pump_out (libwslay's two directions), settle (has it come to
 * its end?), websocket_end. libwslay's callbacks only move bytes and note what they saw. */
#include "net/websocket_internal.h"

#include "base/clock.h"
#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"

#include <event2/event.h>
#include <string.h>
#include <sys/random.h>

enum {
    DEFAULT_TIMEOUT_MS = 15000,
    DEFAULT_PING_MS = 20000,
    CLOSE_MS = 2000,    /* for the other side's good-bye */
    UNHEARD_MS = 10000, /* a connection with a name and without a listener */
    TICK_MS = 1000,
    INBOX_MOST = 256, /* messages that wait to be taken */
    INBOX_FACTOR = 4, /* ... or so many times the longest message */
    OUTBOX_BYTES = 4 << 20,
    REASON_MOST = 123,
};

/* ---- references ---------------------------------------------------------------------------------------------- */

struct websocket *websocket_ref(struct websocket *websocket)
{
    websocket->refs++;
    return websocket;
}

static void free_websocket(struct websocket *websocket)
{
    struct websocket_message message;
    while (websocket_take(websocket, &message))
        free(message.data);
    buf_fini(&websocket->early);
    free(websocket->name);
    websockets_release(websocket->set);
    free(websocket);
}

bool websocket_is_forgotten(const struct websocket *websocket)
{
    return websocket->refs == 1 && websocket->state != WEBSOCKET_CLOSED && !websocket->name;
}

void websocket_unref(struct websocket *websocket)
{
    if (!websocket)
        return;
    websocket->refs--;
    if (websocket->refs == 0)
        free_websocket(websocket);
    else if (websocket_is_forgotten(websocket))
        websocket_close(websocket, WEBSOCKET_GOING_AWAY, "");
}

/* ---- who listens --------------------------------------------------------------------------------------------- */

static void deliver(void *arg)
{
    struct websocket *websocket = arg;
    void (*ready)(void *arg) = websocket->ready;
    websocket->is_told = false;
    websocket->ready = NULL;
    websocket->listened_ms = clock_mono_ms();
    if (ready)
        ready(websocket->ready_arg);
    websocket_unref(websocket);
}

static void tell(struct websocket *websocket)
{
    if (websocket->is_told || !websocket->ready)
        return;
    websocket->is_told = true;
    loop_post(websocket->set->loop, deliver, websocket_ref(websocket));
}

bool websocket_listen(struct websocket *websocket, void (*ready)(void *arg), void *arg)
{
    if (websocket->ready)
        return false;
    websocket->ready = ready;
    websocket->ready_arg = arg;
    if (websocket->inbox_count > 0)
        tell(websocket);
    return true;
}

void websocket_unlisten(struct websocket *websocket, void *arg)
{
    if (!websocket->ready || websocket->ready_arg != arg)
        return;
    websocket->ready = NULL;
    websocket->listened_ms = clock_mono_ms();
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

static void free_event(struct event **event)
{
    if (*event)
        event_free(*event);
    *event = NULL;
}

void websocket_end(struct websocket *websocket, const struct err *err)
{
    if (websocket->state == WEBSOCKET_CLOSED)
        return;
    if (websocket->state != WEBSOCKET_CONNECTING) {
        websocket->set->stats.open--;
        websocket->set->stats.lost += err->code != ERR_CLOSED;
    }
    websocket->state = WEBSOCKET_CLOSED;
    websocket->end = *err;
    loop_timer_cancel(websocket->set->loop, websocket->tick_timer);
    free_event(&websocket->readable);
    free_event(&websocket->writable);
    if (websocket->frames)
        wslay_event_context_free(websocket->frames);
    websocket->frames = NULL;
    websocket->transport->close(websocket);
    free(websocket->name);
    websocket->name = NULL;
    LIST_REMOVE(websocket, link);
    tell(websocket);
    websocket_unref(websocket);
}

static void end_as(struct websocket *websocket, int code, const char *why)
{
    struct err err;
    err_set(&err, code, "%s", why);
    err.retryable = code != ERR_LIMIT;
    websocket_end(websocket, &err);
}

/* Whether both have said good-bye, or libwslay has given up on the other side. True when it has ended. */
static bool settle(struct websocket *websocket)
{
    bool was_received = wslay_event_get_close_received(websocket->frames);
    bool was_sent = wslay_event_get_close_sent(websocket->frames);
    bool is_refused = !wslay_event_get_read_enabled(websocket->frames) && !was_received;
    struct err err;
    if ((was_received || is_refused) && websocket->state == WEBSOCKET_OPEN) {
        websocket->state = WEBSOCKET_CLOSING;
        websocket->deadline_ms = clock_mono_ms() + CLOSE_MS;
        tell(websocket);
    }
    if (!was_sent || !(was_received || is_refused))
        return false;
    if (is_refused)
        err_set(&err, ERR_LIMIT, "the other side sent what is not allowed (%d)",
                wslay_event_get_status_code_sent(websocket->frames));
    else
        err_set(&err, ERR_CLOSED, "the connection was closed (%d)",
                wslay_event_get_status_code_received(websocket->frames));
    err.retryable = !is_refused;
    websocket_end(websocket, &err);
    return true;
}

/* ---- libwslay's callbacks ------------------------------------------------------------------------------------ */

static bool is_full(const struct websocket *websocket)
{
    return websocket->inbox_count >= INBOX_MOST ||
           websocket->inbox_bytes > INBOX_FACTOR * websocket->max_message_bytes;
}

static ssize_t take_early(struct websocket *websocket, uint8_t *data, size_t len)
{
    size_t left = websocket->early.len - websocket->early_at;
    size_t part = left < len ? left : len;
    memcpy(data, websocket->early.data + websocket->early_at, part);
    websocket->early_at += part;
    return (ssize_t)part;
}

static ssize_t on_read(wslay_event_context_ptr frames, uint8_t *data, size_t len, int flags,
                       void *arg)
{
    (void)flags;
    struct websocket *websocket = arg;
    ssize_t got = 0;
    if (websocket->early_at < websocket->early.len)
        return take_early(websocket, data, len);
    websocket->is_paused = is_full(websocket);
    if (!websocket->is_paused)
        got = INJECT("websocket.read") ? -1 : websocket->transport->read(websocket, data, len);
    if (got > 0) {
        websocket->heard_ms = clock_mono_ms();
        return got;
    }
    wslay_event_set_error(frames, got < 0 ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t on_write(wslay_event_context_ptr frames, const uint8_t *data, size_t len, int flags,
                        void *arg)
{
    (void)flags;
    struct websocket *websocket = arg;
    ssize_t put = websocket->transport->write(websocket, data, len);
    if (put > 0)
        return put;
    wslay_event_set_error(frames, put < 0 ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static int on_mask(wslay_event_context_ptr frames, uint8_t *mask, size_t len, void *arg)
{
    (void)frames, (void)arg;
    /* Up to 256 bytes come whole. */
    return getrandom(mask, len, 0) == (ssize_t)len ? 0 : -1;
}

static void on_message(wslay_event_context_ptr frames,
                       const struct wslay_event_on_msg_recv_arg *got, void *arg)
{
    struct websocket *websocket = arg;
    if (wslay_is_ctrl_frame(got->opcode))
        return; /* answered by libwslay */
    struct websocket_queued *queued = xcalloc(1, sizeof(*queued));
    queued->message.data = try_malloc(got->msg_length + 1);
    if (!queued->message.data) {
        free(queued);
        wslay_event_set_error(frames, WSLAY_ERR_NOMEM);
        return;
    }
    memcpy(queued->message.data, got->msg, got->msg_length);
    queued->message.data[got->msg_length] = '\0';
    queued->message.len = got->msg_length;
    queued->message.is_text = got->opcode == WSLAY_TEXT_FRAME;
    STAILQ_INSERT_TAIL(&websocket->inbox, queued, link);
    websocket->inbox_count++;
    websocket->inbox_bytes += got->msg_length;
    websocket->received++;
    websocket->set->stats.received++;
    tell(websocket);
}

/* ---- bytes --------------------------------------------------------------------------------------------------- */

/* True while the connection lives. */
static bool pump_out(struct websocket *websocket)
{
    if (wslay_event_want_write(websocket->frames) && wslay_event_send(websocket->frames) != 0) {
        end_as(websocket, ERR_NETWORK, "the connection was lost");
        return false;
    }
    if (wslay_event_want_write(websocket->frames))
        event_add(websocket->writable, NULL);
    else
        event_del(websocket->writable);
    return !settle(websocket);
}

static void pump_in(struct websocket *websocket)
{
    /* Wrong frames are no failure here: libwslay has queued a close that says so. */
    if (wslay_event_recv(websocket->frames) != 0)
        end_as(websocket, ERR_NETWORK, "the connection was lost");
    else if (pump_out(websocket) && websocket->is_paused)
        event_del(websocket->readable);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    pump_in(arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    pump_out(arg);
}

enum websocket_state websocket_state(const struct websocket *websocket)
{
    return websocket->state;
}

const struct err *websocket_why_closed(const struct websocket *websocket)
{
    return &websocket->end;
}

bool websocket_has_message(const struct websocket *websocket)
{
    return websocket->inbox_count > 0;
}

size_t websocket_next_len(const struct websocket *websocket)
{
    const struct websocket_queued *first = STAILQ_FIRST(&websocket->inbox);
    return first ? first->message.len : 0;
}

bool websocket_take(struct websocket *websocket, struct websocket_message *out)
{
    struct websocket_queued *first = STAILQ_FIRST(&websocket->inbox);
    if (!first)
        return false;
    STAILQ_REMOVE_HEAD(&websocket->inbox, link);
    websocket->inbox_count--;
    websocket->inbox_bytes -= first->message.len;
    *out = first->message;
    free(first);
    if (websocket->is_paused && websocket->readable && !is_full(websocket)) {
        websocket->is_paused = false;
        event_add(websocket->readable, NULL);
        /* What TLS has read already does not make the socket readable. */
        event_active(websocket->readable, EV_READ, 0);
    }
    return true;
}

int websocket_send(struct websocket *websocket, const char *data, size_t len, bool is_text,
                   struct err *err)
{
    if (websocket->state != WEBSOCKET_OPEN)
        return err_set(err, ERR_CLOSED, "the connection is not open");
    if (wslay_event_get_queued_msg_length(websocket->frames) > OUTBOX_BYTES) {
        err_set(err, ERR_LIMIT, "more than %d bytes wait to be sent", OUTBOX_BYTES);
        return err->code;
    }
    const struct wslay_event_msg message = {
        .opcode = is_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME,
        .msg = (const uint8_t *)data,
        .msg_length = len,
    };
    if (wslay_event_queue_msg(websocket->frames, &message) != 0)
        return err_set(err, ERR_NOMEM, "no memory for a message of %zu bytes", len);
    websocket->sent++;
    websocket->set->stats.sent++;
    if (!pump_out(websocket))
        return err_set(err, websocket->end.code, "%s", websocket->end.msg);
    return OK;
}

void websocket_close(struct websocket *websocket, int status, const char *reason)
{
    size_t len = strlen(reason);
    if (websocket->state == WEBSOCKET_CONNECTING) {
        end_as(websocket, ERR_CLOSED, "closed before it was open");
        return;
    }
    if (websocket->state != WEBSOCKET_OPEN)
        return;
    websocket->state = WEBSOCKET_CLOSING;
    websocket->deadline_ms = clock_mono_ms() + CLOSE_MS;
    wslay_event_queue_close(websocket->frames, (uint16_t)status, (const uint8_t *)reason,
                            len < REASON_MOST ? len : REASON_MOST);
    pump_out(websocket);
}

void websocket_abort(struct websocket *websocket)
{
    end_as(websocket, ERR_CLOSED, "ended by this side");
}

/* ---- time ---------------------------------------------------------------------------------------------------- */

static void tick(void *arg);

static void begin_tick(struct websocket *websocket)
{
    int64_t quarter_ms = websocket->ping_ms / 4 + 1;
    websocket->tick_timer = loop_timer(
        websocket->set->loop, quarter_ms < TICK_MS ? quarter_ms : TICK_MS, tick, websocket);
}

static void ping(struct websocket *websocket)
{
    const struct wslay_event_msg message = { .opcode = WSLAY_PING };
    wslay_event_queue_msg(websocket->frames, &message);
    pump_out(websocket);
}

/* True when something late has ended it. */
static bool end_late(struct websocket *websocket, int64_t now_ms)
{
    bool is_late = websocket->deadline_ms > 0 && now_ms >= websocket->deadline_ms;
    bool is_silent = websocket->state == WEBSOCKET_OPEN && !websocket->is_paused &&
                     now_ms - websocket->heard_ms >= 2 * websocket->ping_ms;
    if (is_late && websocket->state == WEBSOCKET_CONNECTING)
        end_as(websocket, ERR_TIMEOUT, "the connection did not open in time");
    else if (is_late)
        end_as(websocket, ERR_CLOSED, "the connection was closed; the other side did not answer");
    else if (is_silent)
        end_as(websocket, ERR_NETWORK, "the other side has fallen silent");
    return is_late || is_silent;
}

static void tick(void *arg)
{
    struct websocket *websocket = arg;
    int64_t now_ms = clock_mono_ms();
    bool is_unheard =
        websocket->name && !websocket->ready && now_ms - websocket->listened_ms >= UNHEARD_MS;
    if (end_late(websocket, now_ms))
        return;
    begin_tick(websocket);
    if (websocket->state == WEBSOCKET_OPEN && is_unheard) {
        log_info(LOG_CLIENT, 0, "connection %s: nobody listens any more, it is closed",
                 websocket->name);
        websocket_close(websocket, WEBSOCKET_GOING_AWAY, "");
    } else if (websocket->state == WEBSOCKET_OPEN &&
               now_ms - websocket->heard_ms >= websocket->ping_ms) {
        ping(websocket);
    }
}

/* ---- the beginning ------------------------------------------------------------------------------------------- */

struct websocket *websocket_new(struct websockets *set, const struct websocket_options *options,
                                const struct websocket_transport *transport)
{
    struct websocket *websocket = xcalloc(1, sizeof(*websocket));
    websocket->set = set;
    set->refs++;
    websocket->refs = 2;
    websocket->transport = transport;
    websocket->fd = -1;
    websocket->max_message_bytes =
        options->max_message_bytes ? options->max_message_bytes : 1 << 20;
    websocket->ping_ms = options->ping_ms ? options->ping_ms : DEFAULT_PING_MS;
    websocket->listened_ms = clock_mono_ms();
    websocket->deadline_ms =
        clock_mono_ms() + (options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS);
    STAILQ_INIT(&websocket->inbox);
    LIST_INSERT_HEAD(&set->list, websocket, link);
    begin_tick(websocket);
    return websocket;
}

void websocket_open(struct websocket *websocket, int fd, bool is_client, const char *early,
                    size_t len)
{
    static const struct wslay_event_callbacks CALLBACKS = {
        .recv_callback = on_read,
        .send_callback = on_write,
        .genmask_callback = on_mask,
        .on_msg_recv_callback = on_message,
    };
    struct event_base *base = loop_base(websocket->set->loop);
    int rc = is_client ? wslay_event_context_client_init(&websocket->frames, &CALLBACKS, websocket)
                       : wslay_event_context_server_init(&websocket->frames, &CALLBACKS, websocket);
    REQUIRE(rc == 0);
    wslay_event_config_set_max_recv_msg_length(websocket->frames, websocket->max_message_bytes);
    websocket->fd = fd;
    websocket->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, websocket);
    websocket->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, websocket);
    REQUIRE(websocket->readable && websocket->writable);
    event_add(websocket->readable, NULL);
    buf_append(&websocket->early, early, len);
    /* What came early, or sits read in TLS, does not make the socket readable. */
    event_active(websocket->readable, EV_READ, 0);
    websocket->state = WEBSOCKET_OPEN;
    websocket->deadline_ms = 0;
    websocket->heard_ms = clock_mono_ms();
    websocket->since_ms = clock_now_ms();
    websocket->set->stats.open++;
    websocket->set->stats.opened++;
    tell(websocket);
}
