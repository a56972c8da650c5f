/* curl_loop - a libcurl multi handle that the engine's loop drives: its sockets and its timer are events. Loop thread
 * only. libcurl's callbacks only note what they are told: libcurl may not be called from below itself. */
#pragma once
#include <curl/curl.h>

struct event;
struct loop;

struct curl_loop {
    struct loop *loop;
    CURLM *multi;
    struct event *timer;
    void (*progress)(void *arg);
    void *arg;
};

/* <progress> is called from the loop's top level after each step of libcurl, to read what has finished
 * (curl_multi_info_read); it may end the curl_loop. curl_loop_fini frees what is inside. */
void curl_loop_init(struct curl_loop *curl, struct loop *loop, void (*progress)(void *arg),
                    void *arg);
/* The easy handles have been removed. */
void curl_loop_fini(struct curl_loop *curl);
