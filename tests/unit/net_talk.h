/* net_talk - a plain socket client for tests of the server: runs on a thread of its own while the test's
 * thread runs the loop, so that assertions stay on the test's thread. */
#pragma once
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct talk {
    const char *send; /* what the client says */
    size_t len;       /* 0: strlen(send) */
    bool half_close;  /* ends its side after sending */
    bool vanish;      /* closes at once, without reading */
    int step;         /* > 0: sends so many bytes at a time, ... */
    int pause_ms;     /* ... with this pause between them */
    int wait_ms;      /* reads until the server closes, or so long nothing comes (0: 3000) */
    struct buf got;   /* what the server said */
    bool was_closed;  /* the server closed */
    bool was_reset;   /* and threw away what was on its way */
};

struct talk_thread {
    struct loop *loop;
    struct talk *talks;
    int count, port;
};

static inline int talk_connect(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static inline void talk_read(int fd, struct talk *talk)
{
    char chunk[4096];
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    while (poll(&wait, 1, talk->wait_ms ? talk->wait_ms : 3000) == 1) {
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
        if (got <= 0) {
            talk->was_closed = true;
            talk->was_reset = got < 0;
            return;
        }
        buf_append(&talk->got, chunk, (size_t)got);
    }
}

static inline void talk_one(int port, struct talk *talk)
{
    int fd = talk_connect(port);
    size_t len = talk->len ? talk->len : strlen(talk->send);
    size_t step = talk->step ? (size_t)talk->step : len;
    for (size_t at = 0; at < len; at += step) {
        size_t part = len - at < step ? len - at : step;
        if (send(fd, talk->send + at, part, MSG_NOSIGNAL) < 0)
            break;
        if (talk->pause_ms)
            usleep((useconds_t)talk->pause_ms * 1000);
    }
    if (talk->half_close)
        shutdown(fd, SHUT_WR);
    if (!talk->vanish)
        talk_read(fd, talk);
    close(fd);
}

static inline void *talk_thread_run(void *arg)
{
    struct talk_thread *thread = arg;
    for (int i = 0; i < thread->count; i++)
        talk_one(thread->port, &thread->talks[i]);
    loop_stop(thread->loop);
    return NULL;
}

/* Runs the loop until all talks are over, one after the other. The caller frees talk.got. */
static inline void talk_all(struct loop *loop, int port, struct talk *talks, int count)
{
    struct talk_thread thread = { loop, talks, count, port };
    pthread_t id;
    REQUIRE(pthread_create(&id, NULL, talk_thread_run, &thread) == 0);
    loop_run(loop);
    pthread_join(id, NULL);
}

/* The bytes of a chunked body. */
static inline size_t unchunk(const char *at, struct buf *out)
{
    size_t size;
    size_t chunks = 0;
    while ((size = strtoul(at, NULL, 16)) > 0) {
        at = strstr(at, "\r\n") + 2;
        buf_append(out, at, size);
        at += size + 2;
        chunks++;
    }
    assert_string_equal(at, "0\r\n\r\n");
    return chunks;
}
