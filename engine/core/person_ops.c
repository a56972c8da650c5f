/* person_ops - the operations on people. person.sync is the busy one: a page of a platform's users,
 * most of which did not change since the last time; their digests are read with one query and
 * settled with another. */
#include "base/clock.h"
#include "base/map.h"
#include "core/account.h"
#include "core/op_table.h"
#include "core/people_set.h"
#include "core/query_in.h"
#include "core/rows.h"
#include "store/db.h"

#include <string.h>

enum { SYNC_PAGE_MAX = 200, PLATFORM_MAX = 40, ACCOUNTS_DEFAULT = 100, ACCOUNTS_MAX = 1000 };

static const char SELECT_BY_ID[] = "SELECT id FROM person WHERE id = ?";
static const char SELECT_BY_EMAIL[] = "SELECT id FROM person WHERE email = ?";
static const char SELECT_BY_USERNAME[] = "SELECT id FROM person WHERE username = ?";
static const char SELECT_BY_ACCOUNT[] =
    "SELECT person_id FROM account WHERE platform = ? AND external_id = ?";
static const char SELECT_DIGESTS[] =
    "SELECT external_id, digest FROM account WHERE platform = ? AND external_id";
static const char SELECT_ACCOUNTS[] =
    "SELECT external_id, person_id, is_active, seen_at_ms FROM account WHERE platform = ? AND"
    " external_id > ? AND seen_at_ms < ? ORDER BY external_id LIMIT ?";
static const char UPDATE_SEEN[] =
    "UPDATE account SET seen_at_ms = ? WHERE platform = ? AND external_id";
static const char DEACTIVATE_PEOPLE[] =
    "UPDATE person SET is_active = 0, updated_at_ms = ? WHERE is_active = 1 AND id IN (SELECT"
    " person_id FROM account WHERE platform = ? AND is_active = 1 AND seen_at_ms < ?) AND NOT"
    " EXISTS (SELECT 1 FROM account o WHERE o.person_id = person.id AND o.is_active = 1 AND"
    " o.platform <> ?)";
static const char DEACTIVATE_ACCOUNTS[] =
    "UPDATE account SET is_active = 0, digest = NULL, updated_at_ms = ? WHERE platform = ? AND"
    " is_active = 1 AND seen_at_ms < ?";

/* ---- one person */

static int query_person(struct op_call *call, const struct args *args, struct stmt **stmt)
{
    struct text id, email, username, platform, external_id;
    int rc = args_text_optional(args, "id", 1, PERSON_ID_SIZE - 1, &id);
    if (rc != OK || (rc = args_text_optional(args, "email", 1, EMAIL_SIZE - 1, &email)) != OK ||
        (rc = args_text_optional(args, "username", 1, 150, &username)) != OK ||
        (rc = args_text_optional(args, "platform", 1, PLATFORM_MAX, &platform)) != OK ||
        (rc = args_text_optional(args, "external_id", 1, 64, &external_id)) != OK)
        return rc;
    if (id.at) {
        *stmt = tx_query(call->tx, call->err, SELECT_BY_ID, "n", id.at, id.len);
    } else if (email.at) {
        char lower[EMAIL_SIZE];
        email_lower(email, lower);
        *stmt = tx_query(call->tx, call->err, SELECT_BY_EMAIL, "t", lower);
    } else if (username.at) {
        *stmt = tx_query(call->tx, call->err, SELECT_BY_USERNAME, "n", username.at, username.len);
    } else if (platform.at && external_id.at) {
        *stmt = tx_query(call->tx, call->err, SELECT_BY_ACCOUNT, "nn", platform.at, platform.len,
                         external_id.at, external_id.len);
    } else {
        return args_fail(args, "id",
                         "id, email, username, or platform and external_id are required");
    }
    return *stmt ? OK : call->err->code;
}

/* Says who, where it is somebody whom people know by that name. */
static int fail_unknown(struct op_call *call)
{
    const char *email = json_string_value(json_object_get(call->args, "email"));
    const char *username = json_string_value(json_object_get(call->args, "username"));
    const char *name = email ? email : username;
    return name ? err_set(call->err, ERR_NOT_FOUND, "\"%.100s\" is not known here", name)
                : err_set(call->err, ERR_NOT_FOUND, "this person is not known here");
}

/* person.get {id} | {email} | {username} | {platform, external_id} -> person */
static int person_get(struct op_call *call)
{
    struct args args = args_of(call);
    struct stmt *stmt = NULL;
    int rc = args_refuse_unknown(call, "id", "email", "username", "platform", "external_id");
    if (rc != OK || (rc = query_person(call, &args, &stmt)) != OK)
        return rc;
    AUTO_FREE char *id = NULL;
    rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW)
        id = xstrdup(stmt_text(stmt, 0));
    stmt_end(stmt);
    if (rc == DB_DONE)
        return fail_unknown(call);
    return rc < 0 ? rc : person_write(call->tx, call->out, id, call->err);
}

/* person.upsert {platform, external_id, handle?, email?, ...} -> person */
static int person_upsert(struct op_call *call)
{
    struct args args = args_of(call);
    struct profile profile;
    char id[PERSON_ID_SIZE];
    bool is_new;
    int rc = args_refuse_unknown(call, "platform", "external_id", "handle", "email", "name",
                                 "first_name", "last_name", "image", "is_active", "is_bot");
    if (rc != OK || (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &profile.platform)) != OK ||
        (rc = profile_read(&args, &profile)) != OK ||
        (rc = account_upsert(call->tx, &profile, id, &is_new, call->err)) != OK)
        return rc;
    return person_write(call->tx, call->out, id, call->err);
}

/* person.ensure_email {email, name?} -> person */
static int ensure_email(struct op_call *call)
{
    struct args args = args_of(call);
    struct text email, name;
    char id[PERSON_ID_SIZE];
    int rc = args_refuse_unknown(call, "email", "name");
    if (rc != OK || (rc = people_read_email(&args, "email", &email)) != OK ||
        (rc = args_text_optional(&args, "name", 1, 128, &name)) != OK)
        return rc;
    if (!email.at)
        return args_fail(&args, "email", "email is required");
    rc = person_ensure_email(call->tx, email, name, id, call->err);
    return rc == OK ? person_write(call->tx, call->out, id, call->err) : rc;
}

/* ---- a page of people */

struct sync {
    struct op_call *call;
    struct text platform;
    struct map *digests; /* external id -> digest, of the accounts known before */
    struct db_value unchanged[SYNC_PAGE_MAX];
    int64_t created, updated;
    int unchanged_count;
    struct buf failed; /* JSON objects */
};

static int read_digests(struct sync *sync, json_t *people)
{
    struct db_value ids[SYNC_PAGE_MAX];
    int count = 0;
    size_t index;
    json_t *row;
    json_array_foreach (people, index, row) {
        json_t *id = json_object_get(row, "external_id");
        if (json_is_string(id))
            ids[count++] = (struct db_value){ .type = 'n',
                                              .t = json_string_value(id),
                                              .n = json_string_length(id) };
    }
    if (count == 0)
        return OK;
    struct db_value lead = { .type = 'n', .t = sync->platform.at, .n = sync->platform.len };
    struct stmt *stmt =
        query_in(sync->call->tx, sync->call->err, SELECT_DIGESTS, "", &lead, 1, ids, count);
    if (!stmt)
        return sync->call->err->code;
    int rc;
    while ((rc = stmt_next(stmt, sync->call->err)) == DB_ROW)
        if (!stmt_is_null(stmt, 1))
            map_put(sync->digests, stmt_text(stmt, 0), xstrdup(stmt_text(stmt, 1)));
    stmt_end(stmt);
    return rc;
}

static void note_failure(struct sync *sync, json_t *row)
{
    struct json_writer w;
    if (sync->failed.len > 0)
        buf_putc(&sync->failed, ',');
    json_writer_init(&w, &sync->failed);
    json_object_begin(&w);
    json_put_text(&w, "external_id", json_string_value(json_object_get(row, "external_id")));
    json_put_text(&w, "error", sync->call->err->msg);
    json_object_finish(&w);
}

static bool is_unchanged(const struct sync *sync, const struct profile *profile)
{
    char id[PERSON_ID_SIZE * 4];
    if (profile->external_id.len >= sizeof(id))
        return false;
    memcpy(id, profile->external_id.at, profile->external_id.len);
    id[profile->external_id.len] = '\0';
    const char *digest = map_get(sync->digests, id);
    return digest && strcmp(digest, profile->digest) == 0;
}

static int sync_row(struct sync *sync, json_t *row, int index)
{
    struct args top = args_of(sync->call);
    struct args args;
    struct profile profile = { .platform = sync->platform };
    char id[PERSON_ID_SIZE];
    bool is_new;
    if (args_enter(&top, "people", index, row, &args) != OK ||
        args_row_refuse_unknown(&args, "external_id", "handle", "email", "name", "first_name",
                                "last_name", "image", "is_active", "is_bot") != OK ||
        profile_read(&args, &profile) != OK) {
        note_failure(sync, row);
        return OK;
    }
    if (is_unchanged(sync, &profile)) {
        sync->unchanged[sync->unchanged_count++] = (struct db_value){
            .type = 'n', .t = profile.external_id.at, .n = profile.external_id.len
        };
        return OK;
    }
    int rc = account_upsert(sync->call->tx, &profile, id, &is_new, sync->call->err);
    sync->created += rc == OK && is_new;
    sync->updated += rc == OK && !is_new;
    return rc;
}

/* The accounts that did not change were seen all the same. */
static int mark_seen(struct sync *sync)
{
    if (sync->unchanged_count == 0)
        return OK;
    struct db_value lead[] = {
        { .type = 'i', .i = clock_now_ms() },
        { .type = 'n', .t = sync->platform.at, .n = sync->platform.len },
    };
    struct stmt *stmt = query_in(sync->call->tx, sync->call->err, UPDATE_SEEN, "", lead, 2,
                                 sync->unchanged, sync->unchanged_count);
    if (!stmt)
        return sync->call->err->code;
    int rc = stmt_next(stmt, sync->call->err);
    stmt_end(stmt);
    return rc;
}

static void answer_sync(struct sync *sync)
{
    struct json_writer *w = sync->call->out;
    json_object_begin(w);
    json_put_int(w, "created", sync->created);
    json_put_int(w, "updated", sync->updated);
    json_put_int(w, "unchanged", sync->unchanged_count);
    json_key(w, "failed");
    json_array_begin(w);
    json_members(w, buf_text(&sync->failed), sync->failed.len);
    json_array_finish(w);
    json_object_finish(w);
}

/* person.sync {platform, people[]} -> {created, updated, unchanged, failed:[{external_id,
 * error}]} */
static int person_sync(struct op_call *call)
{
    struct args args = args_of(call);
    struct sync sync = { .call = call };
    json_t *people;
    int rc = args_refuse_unknown(call, "platform", "people");
    if (rc != OK || (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &sync.platform)) != OK ||
        (rc = args_array(&args, "people", SYNC_PAGE_MAX, &people)) != OK)
        return rc;
    sync.digests = map_new(free);
    rc = read_digests(&sync, people);
    size_t index;
    json_t *row;
    json_array_foreach (people, index, row) {
        if (rc != OK)
            break;
        rc = sync_row(&sync, row, (int)index);
    }
    if (rc == OK)
        rc = mark_seen(&sync);
    if (rc == OK)
        answer_sync(&sync);
    map_free(sync.digests);
    buf_fini(&sync.failed);
    return rc;
}

/* person.deactivate_missing {platform, seen_since_ms} -> {count} */
static int deactivate_missing(struct op_call *call)
{
    struct args args = args_of(call);
    struct text platform;
    int64_t since_ms;
    int rc = args_refuse_unknown(call, "platform", "seen_since_ms");
    if (rc != OK || (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &platform)) != OK ||
        (rc = args_int(&args, "seen_since_ms", 0, INT64_MAX, &since_ms)) != OK)
        return rc;
    int64_t now_ms = clock_now_ms();
    rc = tx_exec(call->tx, call->err, DEACTIVATE_PEOPLE, "inin", now_ms, platform.at, platform.len,
                 since_ms, platform.at, platform.len);
    if (rc >= 0)
        rc = tx_exec(call->tx, call->err, DEACTIVATE_ACCOUNTS, "ini", now_ms, platform.at,
                     platform.len, since_ms);
    if (rc < 0)
        return rc;
    return op_answer_count(call, rc);
}

/* person.accounts {platform, after?, seen_before_ms?, limit?} -> [{external_id, person_id, is_active,
 * seen_at_ms}] */
static int list_accounts(struct op_call *call)
{
    struct args args = args_of(call);
    struct text platform, after = { .at = "" };
    int64_t before_ms = INT64_MAX, limit = ACCOUNTS_DEFAULT;
    int rc = args_refuse_unknown(call, "platform", "after", "seen_before_ms", "limit");
    if (rc != OK || (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &platform)) != OK ||
        (rc = args_text_optional(&args, "after", 0, 64, &after)) != OK ||
        (rc = args_int_optional(&args, "seen_before_ms", 0, INT64_MAX, &before_ms)) != OK ||
        (rc = args_int_optional(&args, "limit", 1, ACCOUNTS_MAX, &limit)) != OK)
        return rc;
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_ACCOUNTS, "nnii", platform.at, platform.len,
                 after.at ? after.at : "", after.len, before_ms, limit);
    if (!stmt)
        return call->err->code;
    json_array_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW) {
        json_object_begin(call->out);
        json_put_text(call->out, "external_id", stmt_text(stmt, 0));
        json_put_text(call->out, "person_id", stmt_text(stmt, 1));
        json_put_bool(call->out, "is_active", stmt_int(stmt, 2));
        json_put_int(call->out, "seen_at_ms", stmt_int(stmt, 3));
        json_object_finish(call->out);
    }
    json_array_finish(call->out);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

const struct op PERSON_OPS[] = {
    { "person.accounts", false, list_accounts,
      "{platform, after?, seen_before_ms?, limit?}: accounts in the order of their external ids,"
      " those behind <after> -> [{external_id, person_id, is_active, seen_at_ms}]" },
    { "person.get", false, person_get,
      "{id} or {email} or {username} or {platform, external_id}: one person" },
    { "person.upsert", true, person_upsert,
      "{platform, external_id, handle?, email?, name?, first_name?, last_name?, image?,"
      " is_active?, is_bot?}: makes or updates the person of an account -> person" },
    { "person.sync", true, person_sync,
      "{platform, people[]}: the same for up to 200 people -> {created, updated, unchanged,"
      " failed[]}" },
    { "person.deactivate_missing", true, deactivate_missing,
      "{platform, seen_since_ms}: deactivates the accounts that a complete sync did not meet ->"
      " {count}" },
    { "person.ensure_email", true, ensure_email,
      "{email, name?}: the person with this address, made when unknown -> person" },
    { 0 },
};
