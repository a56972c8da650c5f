#include "base/clock.h"

#include "base/civil.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Wall time set by clock_set_ms(), or negative: real time. */
static _Atomic int64_t frozen_ms = -1;
/* What clock_advance_ms() added to both clocks. */
static _Atomic int64_t ahead_ms;

int64_t clock_now_ms(void)
{
    int64_t frozen = atomic_load_explicit(&frozen_ms, memory_order_relaxed);
    if (frozen >= 0)
        return frozen;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 +
           atomic_load_explicit(&ahead_ms, memory_order_relaxed);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

int64_t clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 +
           atomic_load_explicit(&ahead_ms, memory_order_relaxed) * 1000;
}

void clock_set_ms(int64_t epoch_ms)
{
    atomic_store_explicit(&frozen_ms, epoch_ms < 0 ? -1 : epoch_ms, memory_order_relaxed);
}

void clock_advance_ms(int64_t ms)
{
    int64_t frozen = atomic_load_explicit(&frozen_ms, memory_order_relaxed);
    if (frozen >= 0)
        clock_set_ms(frozen + ms);
    atomic_fetch_add_explicit(&ahead_ms, ms, memory_order_relaxed);
}

static char *put_digits(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

/* By hand, because lists of the REST API format thousands of these. */
void clock_format_iso(int64_t epoch_ms, struct buf *out)
{
    int64_t seconds = epoch_ms / 1000;
    int millis = (int)(epoch_ms % 1000);
    if (millis < 0) {
        millis += 1000;
        seconds--;
    }
    struct civil date;
    civil_from_seconds(seconds, &date);
    if (date.year < 0 || date.year > 9999) {
        buf_printf(out, "%05d-%02d-%02dT%02d:%02d:%02d.%03d000Z", date.year, date.month, date.day,
                   date.hour, date.minute, date.second, millis);
        return;
    }
    char text[] = "0000-00-00T00:00:00.000000Z";
    char *at = put_digits(text, date.year, 4);
    at = put_digits(at + 1, date.month, 2);
    at = put_digits(at + 1, date.day, 2);
    at = put_digits(at + 1, date.hour, 2);
    at = put_digits(at + 1, date.minute, 2);
    at = put_digits(at + 1, date.second, 2);
    put_digits(at + 1, millis, 3);
    buf_append(out, text, sizeof(text) - 1);
}

/* ---- random ids */

enum { UUID_BYTES = 16, RANDOM_BYTES = 256 }; /* of the kernel so many come at once or not at all */

/* A call of the kernel costs more than the rest of an id. */
static _Thread_local struct {
    unsigned char bytes[RANDOM_BYTES];
    size_t left;
} unused;

/* A process that was forked makes other ids than its parent. */
static void forget_unused(void)
{
    unused.left = 0;
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_unused);
}

static void take_random(unsigned char out[UUID_BYTES])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (unused.left == 0) {
        pthread_once(&once, watch_forks);
        REQUIRE(getrandom(unused.bytes, RANDOM_BYTES, 0) == RANDOM_BYTES);
        unused.left = RANDOM_BYTES;
    }
    unused.left -= UUID_BYTES;
    memcpy(out, unused.bytes + unused.left, UUID_BYTES);
    memset(unused.bytes + unused.left, 0, UUID_BYTES);
}

void clock_uuid4(char out[37])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[UUID_BYTES];
    take_random(bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    char *at = out;
    for (int i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[bytes[i] >> 4];
        *at++ = hex[bytes[i] & 15];
    }
    *at = '\0';
}
