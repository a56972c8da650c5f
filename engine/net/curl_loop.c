#include "net/curl_loop.h"

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"

#include <event2/event.h>

static void drive(struct curl_loop *curl, curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(curl->multi, fd, what, &running);
    if (code != CURLM_OK)
        log_error(LOG_CLIENT, 0, "curl: %s", curl_multi_strerror(code));
    curl->progress(curl->arg); /* last: it may have ended <curl> */
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    drive(arg, fd,
          (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl says which sockets to watch; <socket_event> is what this function kept for the socket. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_event)
{
    (void)easy;
    struct curl_loop *curl = arg;
    struct event *event = socket_event;
    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        short kind = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
                             (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
        event = event_new(loop_base(curl->loop), fd, kind, on_event, curl);
        REQUIRE(event && event_add(event, NULL) == 0);
    }
    curl_multi_assign(curl->multi, fd, event);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct curl_loop *curl = arg;
    struct timeval wait = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
    if (timeout_ms < 0)
        event_del(curl->timer);
    else
        event_add(curl->timer, &wait);
    return 0;
}

void curl_loop_init(struct curl_loop *curl, struct loop *loop, void (*progress)(void *arg),
                    void *arg)
{
    *curl = (struct curl_loop){ .loop = loop, .progress = progress, .arg = arg };
    curl->multi = curl_multi_init();
    curl->timer = evtimer_new(loop_base(loop), on_timeout, curl);
    REQUIRE(curl->multi && curl->timer);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
}

void curl_loop_fini(struct curl_loop *curl)
{
    curl_multi_cleanup(curl->multi);
    event_free(curl->timer);
}
