/* What libevent reports is only noted; messages are handed out by deliver(), which is posted, so
 * that a callback may free the channel. */
#include "loop/channel.h"

#include "base/mem.h"
#include "loop/loop.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct channel {
    struct loop *loop;
    struct channel_options options;
    struct bufferevent *stream; /* owns the socket */
    struct err end;             /* why it ended; code OK while it is open */
    bool is_posted;             /* deliver() is under way */
    bool has_told_end;
    bool is_freed; /* by its user; goes with the last deliver() */
};

void channel_put_header(unsigned char header[CHANNEL_HEADER], uint32_t len)
{
    for (int i = 0; i < CHANNEL_HEADER; i++)
        header[i] = (unsigned char)(len >> (8 * (CHANNEL_HEADER - 1 - i)));
}

uint32_t channel_get_header(const unsigned char header[CHANNEL_HEADER])
{
    uint32_t len = 0;
    for (int i = 0; i < CHANNEL_HEADER; i++)
        len = len << 8 | header[i];
    return len;
}

static void destroy(struct channel *channel)
{
    bufferevent_free(channel->stream);
    free(channel);
}

/* ---- in */

/* The next whole message is at the front of <input>; its length in *len. */
static bool has_message(struct channel *channel, struct evbuffer *input, size_t *len)
{
    unsigned char header[CHANNEL_HEADER];
    if (evbuffer_copyout(input, header, sizeof(header)) < (ssize_t)sizeof(header))
        return false;
    *len = channel_get_header(header);
    if (*len > channel->options.max_bytes) {
        if (channel->end.code == OK)
            err_set(&channel->end, ERR_LIMIT, "a message of %zu bytes; %zu is the limit", *len,
                    channel->options.max_bytes);
        return false;
    }
    return evbuffer_get_length(input) >= sizeof(header) + *len;
}

static void deliver_one(struct channel *channel, struct evbuffer *input, size_t len)
{
    char *data = try_malloc(len + 1);
    evbuffer_drain(input, CHANNEL_HEADER);
    if (!data) {
        evbuffer_drain(input, len);
        err_set(&channel->end, ERR_NOMEM, "no memory for a message of %zu bytes", len);
        return;
    }
    evbuffer_remove(input, data, len);
    data[len] = '\0';
    channel->options.on_message(channel->options.arg, data, len);
    free(data);
}

static void deliver(void *arg)
{
    struct channel *channel = arg;
    struct evbuffer *input = bufferevent_get_input(channel->stream);
    size_t len;
    while (!channel->is_freed && has_message(channel, input, &len))
        deliver_one(channel, input, len);
    if (!channel->is_freed && channel->end.code != OK && !channel->has_told_end) {
        channel->has_told_end = true;
        bufferevent_disable(channel->stream, EV_READ | EV_WRITE);
        channel->options.on_closed(channel->options.arg, &channel->end);
    }
    channel->is_posted = false;
    if (channel->is_freed)
        destroy(channel);
}

static void post_delivery(struct channel *channel)
{
    if (channel->is_posted || channel->is_freed)
        return;
    channel->is_posted = true;
    loop_post(channel->loop, deliver, channel);
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    (void)stream;
    post_delivery(arg);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    (void)stream;
    struct channel *channel = arg;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) || channel->end.code != OK)
        return;
    if (what & BEV_EVENT_EOF)
        err_set(&channel->end, ERR_CLOSED, "the other side has closed");
    else
        err_set(&channel->end, ERR_IO, "%s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    post_delivery(channel);
}

/* ---- out */

void channel_send(struct channel *channel, const void *data, size_t len)
{
    unsigned char header[CHANNEL_HEADER];
    REQUIRE(len <= UINT32_MAX);
    channel_put_header(header, (uint32_t)len);
    bufferevent_write(channel->stream, header, sizeof(header));
    bufferevent_write(channel->stream, data, len);
}

/* ---- life */

struct channel *channel_new(struct loop *loop, const struct channel_options *options,
                            struct err *err)
{
    struct bufferevent *stream = NULL;
    if (evutil_make_socket_nonblocking(options->fd) == 0)
        stream = bufferevent_socket_new(loop_base(loop), options->fd, BEV_OPT_CLOSE_ON_FREE);
    if (!stream) {
        close(options->fd);
        err_set(err, ERR_IO, "no channel can be made");
        return NULL;
    }
    struct channel *channel = xcalloc(1, sizeof(*channel));
    channel->loop = loop;
    channel->options = *options;
    channel->stream = stream;
    bufferevent_setcb(stream, on_readable, NULL, on_event, channel);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    return channel;
}

void channel_free(struct channel *channel)
{
    if (!channel || channel->is_freed)
        return;
    channel->is_freed = true;
    bufferevent_disable(channel->stream, EV_READ | EV_WRITE);
    if (!channel->is_posted)
        destroy(channel);
}
