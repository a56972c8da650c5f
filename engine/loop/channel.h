/* channel - whole messages over a stream socket between two processes, on the loop. A message is
 * its length (4 bytes, big endian) and its bytes. Sending never blocks: what the socket does not
 * take yet is kept.
 * Owns: the socket. Never: looks into a message. Loop thread only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct channel;
struct loop;

enum { CHANNEL_HEADER = 4 };

struct channel_options {
    int fd;           /* a connected stream socket; taken over, also on failure */
    size_t max_bytes; /* of one incoming message; a longer one closes the channel */
    /* Called from the loop's top level for each message; <data> is valid during the call. May
     * call channel_free(). */
    void (*on_message)(void *arg, const char *data, size_t len);
    /* The other side is gone, or sent what is no message. At most once; channel_free() is still
     * to be called. */
    void (*on_closed)(void *arg, const struct err *err);
    void *arg;
};

/* NULL + err when memory or file descriptors are out. */
struct channel *channel_new(struct loop *loop, const struct channel_options *options,
                            struct err *err);
/* Closes the socket; no callback comes any more. NULL is allowed. */
void channel_free(struct channel *channel);

/* Copies the message. Nothing happens when the other side is gone. */
void channel_send(struct channel *channel, const void *data, size_t len);

/* The header of a message of <len> bytes, and back. */
void channel_put_header(unsigned char header[CHANNEL_HEADER], uint32_t len);
uint32_t channel_get_header(const unsigned char header[CHANNEL_HEADER]);
