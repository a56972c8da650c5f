#include "store/trouble.h"

#include "base/clock.h"
#include "base/log.h"

enum { TELL_AGAIN_MS = 60 * 1000 };

void trouble_init(struct trouble *trouble)
{
    *trouble = (struct trouble){ 0 };
    pthread_mutex_init(&trouble->lock, NULL);
}

void trouble_fini(struct trouble *trouble)
{
    pthread_mutex_destroy(&trouble->lock);
}

static bool is_ours(int code)
{
    return code == ERR_IO || code == ERR_DB || code == ERR_BUSY || code == ERR_NOMEM;
}

bool trouble_note(struct trouble *trouble, const struct err *err)
{
    if (!is_ours(err->code))
        return false;
    int64_t now_ms = clock_mono_ms();
    pthread_mutex_lock(&trouble->lock);
    if (trouble->cause.code == OK) {
        trouble->since_ms = now_ms;
        trouble->is_told = false;
    }
    trouble->cause = *err;
    bool must_tell = trouble->told_at_ms == 0 || now_ms - trouble->told_at_ms >= TELL_AGAIN_MS;
    if (must_tell) {
        trouble->told_at_ms = now_ms;
        trouble->is_told = true;
    }
    pthread_mutex_unlock(&trouble->lock);
    if (must_tell)
        log_error(LOG_STORE, 0, "the database keeps no changes, all are refused: %s", err->msg);
    return true;
}

void trouble_end(struct trouble *trouble)
{
    if (trouble->cause.code == OK)
        return; /* nobody else sets it */
    pthread_mutex_lock(&trouble->lock);
    bool must_tell = trouble->is_told;
    int64_t lasted_ms = clock_mono_ms() - trouble->since_ms;
    trouble->cause.code = OK;
    pthread_mutex_unlock(&trouble->lock);
    if (must_tell)
        log_warn(LOG_STORE, 0, "the database keeps changes again, after %.1f s",
                 (double)lasted_ms / 1000);
}

int trouble_get(struct trouble *trouble, struct err *err)
{
    pthread_mutex_lock(&trouble->lock);
    int code = trouble->cause.code;
    if (code != OK && err)
        *err = trouble->cause;
    pthread_mutex_unlock(&trouble->lock);
    return code;
}
