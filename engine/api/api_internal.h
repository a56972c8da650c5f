/* api_internal - what the files of the api share. */
#pragma once
#include "api/api.h"
#include "api/format.h"
#include "base/buf.h"
#include "core/op.h"
#include "net/router.h"
#include "store/db.h"

#include <stdint.h>

enum { API_NAME_SIZE = 64, API_HEALTH_PARTS = 16 };

#define API_BASE "/api/v2/firefighter/"

/* A copy goes with each read, because readers run beside the loop. */
struct api_names {
    char channel_name[API_NAME_SIZE], ticket_key[API_NAME_SIZE], ticket_url[API_NAME_SIZE];
};

/* The rest of the config's api section. */
struct api_settings {
    bool is_schema_public, is_whole_by_default;
    int requests_per_minute, requests_burst, refusals_per_minute;
};

/* A time zone that the config named. */
struct zone {
    struct zone *next;
    char *name;
    struct tz *tz;
};

struct api {
    struct engine *engine;
    struct api_names names;
    struct api_settings settings;
    struct buf columns;         /* of tables of incidents: incidents.c */
    struct auth *auth;
    struct reference_cache *references;
    struct metrics *metrics;
    struct rate *rate;
    struct zone *zones;         /* the newest first; older ones stay, because reads may hold them */
    struct { const char *name; api_health_fn write; void *arg; } health[API_HEALTH_PARTS];
    int health_count;
    bool is_probing;            /* a change is being tried: health.c */
};

/* Who is asking; the exchange's data once the gate let it through. */
struct api_identity {
    int64_t key_id;
    char person_id[65];     /* "" when the key belongs to nobody */
    bool may_read, may_write, may_administer;
    bool sees_private;      /* scope "private" */
};

/* ---- answers (reply.c) */

/* The errors of one request: filled field by field, answered as one 400. Begin with all zeros. */
struct api_errors {
    struct buf items;       /* JSON objects with commas */
    int count;
};
void api_errors_add(struct api_errors *errors, const char *code, const char *attr, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void api_errors_fini(struct api_errors *errors);
/* The body of the 400. */
void api_errors_write(const struct api_errors *errors, struct buf *out);

/* For what is answered as JSON only. False: an answer was given. */
bool api_accepts_json(const struct route_match *match);

/* A read that answers an exchange. */
struct api_read;
/* On a reader thread: writes the body to read->out. OK; ERR_INVALID when it filled read->errors;
 * ERR_NOT_FOUND: 404. */
typedef int (*api_read_fn)(struct tx *tx, struct api_read *read, struct err *err);
struct api_read {
    struct http_exchange *exchange;
    api_read_fn fn;
    struct api_identity identity;
    struct api_names names;
    struct buf out;             /* the body */
    struct buf link;            /* the Link header, when not empty */
    struct api_errors errors;
    struct api *api;
    const struct tz *zone;      /* of times, told and asked */
    char *query;                /* copy of the query string */
    int64_t id;                 /* what is asked for: for the one who starts the read to set */
    char key[128];
    enum api_format format;     /* JSON unless set */
    const char *fields;         /* columns of a table when the query names none; NULL: all. Borrowed */
    int status;                 /* of the answer; 200 unless set */
    bool shows_incident;        /* the answer to a change is what GET incidents/<id>/ answers now */
    void (*reply)(struct api_read *read);   /* on the loop, in place of the JSON answer; NULL unless set */
    const void *arg;
    json_t *result;             /* what an operation answered; NULL for plain reads */
};
/* Answers <exchange> with what <fn> writes. <arg> must live on (a table, not a local). Between
 * the two calls the caller may set id, key, status and reply. */
struct api_read *api_read_new(struct api *api, struct http_exchange *exchange, api_read_fn fn, const void *arg);
/* The same for the record whose number is the path's :id, in the format that is wanted. NULL: an answer was given. */
struct api_read *api_read_new_record(struct api *api, const struct route_match *match, api_read_fn fn,
                                     const void *arg);
void api_read_start(struct api_read *read);
/* Answers and frees what was not started: the body in read->out when <rc> is OK. */
void api_read_finish(struct api_read *read, int rc, const struct err *err);
/* Without an answer. */
void api_read_free(struct api_read *read);

/* A number in a path: digits, and not too many of them. NULL is none. */
bool api_read_number(const char *text, int64_t *number);

/* ---- access (auth.c) */
struct auth;
struct auth *auth_new(struct api *api);
void auth_free(struct auth *auth);
/* A router_gate_fn; <arg> is the struct api. */
void auth_gate(const struct route_match *match, void *arg);
/* The exchange's identity; an all-zero one for exchanges without a key. */
struct api_identity auth_identity(const struct http_exchange *exchange);
/* For operations: the person whom the key belongs to, else the key itself. */
struct actor auth_actor(const struct http_exchange *exchange);
