/* The gate in front of the routes that want an API key. A key is looked up by its SHA-256 on a
 * reader thread; the answer is kept for some seconds, so that a busy client costs no look-up a
 * request, until api_forget_keys(). Refusals are not kept. */
#include "api/api_internal.h"
#include "api/rate.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "net/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { KEPT = 64, KEPT_MS = 5000, LONGEST_KEY = 256 };

struct kept_key {
    char hash[65];
    struct api_identity identity;
    int64_t until_ms; /* monotonic */
};

struct auth {
    struct kept_key kept[KEPT]; /* the place is chosen by the hash's first digits */
    unsigned forgotten;         /* how often: an answer from before is not kept */
};

/* A question on its way to the reader. */
struct question {
    struct api *api;
    struct route_match *match;
    char hash[65];
    unsigned forgotten; /* when it was asked */
};

struct auth *auth_new(struct api *api)
{
    (void)api;
    return xcalloc(1, sizeof(struct auth));
}

void auth_free(struct auth *auth)
{
    free(auth);
}

void api_forget_keys(struct api *api)
{
    for (int i = 0; i < KEPT; i++)
        api->auth->kept[i].until_ms = 0; /* the hash stays: such a key was good lately */
    api->auth->forgotten++;
}

struct api_identity auth_identity(const struct http_exchange *exchange)
{
    const struct api_identity *identity = http_data(exchange);
    return identity ? *identity : (struct api_identity){ 0 };
}

struct actor auth_actor(const struct http_exchange *exchange)
{
    struct api_identity identity = auth_identity(exchange);
    struct actor actor = { .kind = *identity.person_id ? ACTOR_PERSON : ACTOR_KEY,
                           .source = "rest",
                           .sees_private = identity.sees_private };
    if (*identity.person_id)
        snprintf(actor.id, sizeof(actor.id), "%.*s", (int)sizeof(actor.id) - 1, identity.person_id);
    else
        snprintf(actor.id, sizeof(actor.id), "%" PRId64, identity.key_id);
    return actor;
}

/* 429: come back in <wait_ms>. */
static void reply_throttled(struct http_exchange *exchange, int64_t wait_ms)
{
    char seconds[24], detail[100];
    snprintf(seconds, sizeof(seconds), "%" PRId64, (wait_ms + 999) / 1000);
    snprintf(detail, sizeof(detail), "Request was throttled. Expected available in %s seconds.",
             seconds);
    http_add_header(exchange, "Retry-After", seconds);
    http_reply_error(exchange, 429, "throttled", detail, NULL);
}

static void name_peer(const struct http_exchange *exchange, char name[96])
{
    snprintf(name, 96, "refused:%.80s", http_peer(exchange));
}

/* Refusals are counted by address: who only guesses is told so no more. */
static void refuse(struct api *api, struct http_exchange *exchange, const char *code,
                   const char *detail)
{
    char name[96];
    int per_minute = api->settings.refusals_per_minute;
    name_peer(exchange, name);
    int64_t wait_ms = rate_take(api->rate, name, per_minute, per_minute);
    if (wait_ms > 0) {
        reply_throttled(exchange, wait_ms);
        return;
    }
    http_add_header(exchange, "WWW-Authenticate", "Bearer");
    http_reply_error(exchange, 401, code, detail, NULL);
}

/* NULL when the key's scopes are enough. */
static const char *objection_to(enum route_access access, const struct api_identity *identity)
{
    if (access == ACCESS_KEY_ADMIN)
        return identity->may_administer ? NULL : "This key may not administer.";
    if (access == ACCESS_KEY_WRITE)
        return identity->may_write ? NULL : "This key may not write.";
    return identity->may_read ? NULL : "This key may not read.";
}

/* Lets the exchange through to its route, or answers 429 or 403. */
static void enter(struct api *api, const struct route_match *match,
                  const struct api_identity *identity)
{
    char name[32];
    snprintf(name, sizeof(name), "key:%" PRId64, identity->key_id);
    int64_t wait_ms =
        rate_take(api->rate, name, api->settings.requests_per_minute, api->settings.requests_burst);
    if (wait_ms > 0) {
        reply_throttled(match->exchange, wait_ms);
        return;
    }
    /* What may be asked is no secret from those who have a key. */
    bool asks_options = !strcmp(http_method(match->exchange), "OPTIONS");
    const char *objection = asks_options ? NULL : objection_to(match->route->access, identity);
    if (objection) {
        http_reply_error(match->exchange, 403, "permission_denied", objection, NULL);
        return;
    }
    struct api_identity *own = xmalloc(sizeof(*own));
    *own = *identity;
    http_set_data(match->exchange, own, free);
    router_continue(match);
}

static struct kept_key *place_of(struct auth *auth, const char *hash)
{
    unsigned place = 0;
    for (int i = 0; i < 4; i++)
        place = place * 31 + (unsigned char)hash[i];
    return &auth->kept[place % KEPT];
}

static bool has_scope(const char *scopes, const char *scope)
{
    size_t len = strlen(scope);
    for (const char *at = scopes; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == len && !strncmp(at, scope, len))
            return true;
    return false;
}

static struct api_identity read_identity(const json_t *answer)
{
    const char *scopes = json_string_value(json_object_get(answer, "scopes"));
    const char *person_id = json_string_value(json_object_get(answer, "person_id"));
    struct api_identity identity = { .key_id = json_integer_value(json_object_get(answer, "id")) };
    scopes = scopes ? scopes : "";
    identity.may_read = has_scope(scopes, "read");
    identity.may_write = has_scope(scopes, "write");
    identity.may_administer = has_scope(scopes, "admin");
    identity.sees_private = has_scope(scopes, "private");
    copy_text(identity.person_id, sizeof(identity.person_id), person_id);
    return identity;
}

/* The store wants to know now and then that a key is in use. */
static void note_use(struct api *api, const json_t *answer, int64_t key_id)
{
    if (!json_is_true(json_object_get(answer, "is_use_stale")))
        return;
    json_t *args = json_object();
    json_object_set_new(args, "id", json_integer(key_id));
    op_submit(api->engine->db, op_find("key.used"), args, &ACTOR_ENGINE, NULL, NULL);
}

static void on_checked(void *arg, int rc, const char *text, size_t len, const struct err *err)
{
    struct question *question = arg;
    struct http_exchange *exchange = question->match->exchange;
    bool is_over = http_is_abandoned(exchange);
    json_t *answer = rc == OK && !is_over ? json_loadb(text, len, 0, NULL) : NULL;
    if (is_over) {
        http_reply(exchange, 503, NULL, "", 0);
    } else if (answer) {
        struct kept_key *kept = place_of(question->api->auth, question->hash);
        memcpy(kept->hash, question->hash, sizeof(kept->hash));
        kept->identity = read_identity(answer);
        bool is_fresh = question->forgotten == question->api->auth->forgotten;
        kept->until_ms = is_fresh ? clock_mono_ms() + KEPT_MS : 0;
        note_use(question->api, answer, kept->identity.key_id);
        enter(question->api, question->match, &kept->identity);
    } else if (rc == ERR_UNAUTHORIZED || rc == ERR_NOT_FOUND) {
        refuse(question->api, exchange, "authentication_failed", "Invalid token.");
    } else {
        log_error(LOG_API, 0, "cannot check a key: %s", err->msg);
        http_reply_error(exchange, 503, "error", "The store is busy; try again in a moment.", NULL);
    }
    json_decref(answer);
    route_match_release(question->match);
    free(question);
}

static void ask(struct api *api, const struct route_match *match, const char hash[65])
{
    struct question *question = xcalloc(1, sizeof(*question));
    question->api = api;
    question->forgotten = api->auth->forgotten;
    question->match = route_match_keep(match);
    memcpy(question->hash, hash, sizeof(question->hash));
    json_t *args = json_object();
    json_object_set_new(args, "hash", json_string(hash));
    op_submit(api->engine->db, op_find("key.check"), args, &ACTOR_ENGINE, on_checked, question);
}

/* How long an address that was refused too often must wait. Keys that were good lately are asked
 * about all the same: behind a proxy, one who guesses does not lock out the others. */
static int64_t wait_of_peer(struct api *api, const struct http_exchange *exchange)
{
    char name[96];
    int per_minute = api->settings.refusals_per_minute;
    name_peer(exchange, name);
    return rate_look(api->rate, name, per_minute, per_minute);
}

void auth_gate(const struct route_match *match, void *arg)
{
    struct api *api = arg;
    const char *header = http_header(match->exchange, "Authorization");
    if (!header || strncasecmp(header, "Bearer", 6) || (header[6] && header[6] != ' ')) {
        refuse(api, match->exchange, "not_authenticated",
               "Authentication credentials were not provided.");
        return;
    }
    const char *key = header + 6 + strspn(header + 6, " ");
    size_t len = strlen(key);
    if (len == 0 || len > LONGEST_KEY || strchr(key, ' ')) {
        refuse(api, match->exchange, "authentication_failed", "Invalid token header.");
        return;
    }
    char hash[65];
    verify_sha256_hex(key, len, hash);
    const struct kept_key *kept = place_of(api->auth, hash);
    bool is_known = verify_equal(kept->hash, 64, hash, 64);
    int64_t wait_ms = is_known ? 0 : wait_of_peer(api, match->exchange);
    if (is_known && kept->until_ms > clock_mono_ms())
        enter(api, match, &kept->identity);
    else if (wait_ms > 0)
        reply_throttled(match->exchange, wait_ms);
    else
        ask(api, match, hash);
}
