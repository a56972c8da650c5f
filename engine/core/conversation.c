/* conversation - channels of a chat platform: those declared in the configuration, those met by a
 * synchronisation, and the one channel of each incident. A private incident's channel is as hidden
 * as the incident. */
#include "base/clock.h"
#include "base/utf8.h"
#include "core/args.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/members.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PLATFORM_MAX = 40,
    EXTERNAL_ID_MAX = 128,
    NAME_MAX_POINTS = 200,
    TAG_MAX = 80,
    URL_MAX = 1024
};

#define CONVERSATION_COLUMNS                                                                \
    "SELECT v.id, v.platform, v.external_id, v.name, v.type, v.status, v.is_shared, v.tag," \
    " v.url, v.incident_id,"                                                                \
    " (SELECT COUNT(*) FROM conversation_member m WHERE m.conversation_id = v.id)"          \
    " FROM conversation v"
/* Binds what POLICY_MAY_SEE_SQL binds. */
#define CONVERSATION_IS_VISIBLE         \
    " (v.incident_id IS NULL OR EXISTS" \
    " (SELECT 1 FROM incident i WHERE i.id = v.incident_id AND " POLICY_MAY_SEE_SQL "))"

static const char SELECT_BY_ID[] =
    CONVERSATION_COLUMNS " WHERE v.id = ? AND" CONVERSATION_IS_VISIBLE;
static const char SELECT_BY_TAG[] =
    CONVERSATION_COLUMNS " WHERE v.tag = ? AND" CONVERSATION_IS_VISIBLE;
static const char SELECT_BY_EXTERNAL[] =
    CONVERSATION_COLUMNS " WHERE v.platform = ? AND v.external_id = ? AND" CONVERSATION_IS_VISIBLE;
static const char SELECT_BY_INCIDENT[] =
    CONVERSATION_COLUMNS " WHERE v.incident_id = ? AND" CONVERSATION_IS_VISIBLE;
/* Binds platform; 1 to leave the kind out (no incident channels, only incident channels); tag
 * prefix, twice its length. */
/* Channels of incidents are many: those that are none have an index of their own. */
#define CONVERSATIONS(condition)                                                                \
    CONVERSATION_COLUMNS " WHERE v.platform = ?" condition                                      \
                         " AND (? = '' OR substr(v.tag, 1, ?) = ?) AND" CONVERSATION_IS_VISIBLE \
                         " ORDER BY v.name, v.id"
static const char SELECT_LIST[] = CONVERSATIONS("");
static const char SELECT_CHANNELS[] = CONVERSATIONS(" AND v.incident_id IS NOT NULL");
static const char SELECT_OPENED_CHANNELS[] =
    CONVERSATIONS(" AND v.incident_id IS NOT NULL AND v.status = 'opened'");
static const char SELECT_PLAIN[] = CONVERSATIONS(" AND v.incident_id IS NULL");
static const char SELECT_OPENED[] =
    "SELECT id, platform, external_id FROM conversation WHERE incident_id = ?";
static const char UPSERT_OPENED[] =
    "INSERT INTO conversation (id, platform, external_id, name, status, type, url, incident_id,"
    " created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, 'opened', ?, ?, ?, ?, ?) ON CONFLICT"
    " (platform, external_id) DO UPDATE SET name = excluded.name, status = 'opened', type ="
    " excluded.type, url = excluded.url, incident_id = excluded.incident_id, updated_at_ms ="
    " excluded.updated_at_ms WHERE conversation.incident_id IS NULL";
static const char SELECT_ID_BY_EXTERNAL[] =
    "SELECT id FROM conversation WHERE platform = ? AND external_id = ?";
static const char UPDATE_SAVED[] =
    "UPDATE conversation SET name = COALESCE(?, name), type = COALESCE(?, type), status ="
    " COALESCE(?, status), is_shared = CASE WHEN ? < 0 THEN is_shared ELSE ? END, external_id ="
    " COALESCE(?, external_id), updated_at_ms = ? WHERE platform = ? AND external_id = ?";
static const char SELECT_READY[] =
    "SELECT 1 FROM event WHERE incident_id = ? AND kind = 'conversation.ready' LIMIT 1";
static const char SELECT_MEMBERS[] =
    "SELECT person_id FROM conversation_member WHERE conversation_id = ? ORDER BY person_id";
static const char SELECT_VISIBLE[] =
    "SELECT 1 FROM conversation v WHERE v.id = ? AND" CONVERSATION_IS_VISIBLE;
static const char SELECT_EXISTS[] = "SELECT 1 FROM conversation WHERE id = ?";

static void write_conversation(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "platform", stmt_text(stmt, 1));
    json_put_text(w, "external_id", stmt_text(stmt, 2));
    json_put_text(w, "name", stmt_text(stmt, 3));
    json_put_text(w, "type", stmt_text(stmt, 4));
    json_put_text(w, "status", stmt_text(stmt, 5));
    json_put_bool(w, "is_shared", stmt_int(stmt, 6));
    json_put_text(w, "tag", stmt_text(stmt, 7));
    json_put_text(w, "url", stmt_text(stmt, 8));
    json_put_column(w, "incident_id", stmt, 9);
    json_put_int(w, "member_count", stmt_int(stmt, 10));
    json_object_finish(w);
}

static int answer_one(struct op_call *call, struct stmt *stmt)
{
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW)
        write_conversation(call->out, stmt);
    stmt_end(stmt);
    if (rc == DB_DONE)
        return err_set(call->err, ERR_NOT_FOUND, "this conversation is not known here");
    return rc < 0 ? rc : OK;
}

static int answer_by_external(struct op_call *call, struct text platform, struct text external_id)
{
    const struct actor *actor = call->actor;
    return answer_one(call,
                      tx_query(call->tx, call->err, SELECT_BY_EXTERNAL, "nnitt", platform.at,
                               platform.len, external_id.at, external_id.len,
                               policy_sees_all(actor), policy_person(actor), policy_person(actor)));
}

static int answer_by_text(struct op_call *call, const char *sql, struct text value)
{
    const struct actor *actor = call->actor;
    return answer_one(call,
                      tx_query(call->tx, call->err, sql, "nitt", value.at, value.len,
                               policy_sees_all(actor), policy_person(actor), policy_person(actor)));
}

/* ---- reading */

/* conversation.get {id} | {tag} | {platform, external_id} | {incident_id} -> conversation */
static int conversation_get(struct op_call *call)
{
    struct args args = args_of(call);
    struct text id, tag, platform, external_id;
    int64_t incident_id = 0;
    int rc = args_refuse_unknown(call, "id", "tag", "platform", "external_id", "incident_id");
    if (rc != OK || (rc = args_text_optional(&args, "id", 1, 64, &id)) != OK ||
        (rc = args_text_optional(&args, "tag", 1, TAG_MAX, &tag)) != OK ||
        (rc = args_text_optional(&args, "platform", 1, PLATFORM_MAX, &platform)) != OK ||
        (rc = args_text_optional(&args, "external_id", 1, EXTERNAL_ID_MAX, &external_id)) != OK ||
        (rc = args_int_optional(&args, "incident_id", 1, INT64_MAX, &incident_id)) != OK)
        return rc;
    if (id.at)
        return answer_by_text(call, SELECT_BY_ID, id);
    if (tag.at)
        return answer_by_text(call, SELECT_BY_TAG, tag);
    if (platform.at && external_id.at)
        return answer_by_external(call, platform, external_id);
    if (!incident_id)
        return args_fail(&args, "id",
                         "id, tag, incident_id, or platform and external_id are required");
    const struct actor *actor = call->actor;
    return answer_one(call,
                      tx_query(call->tx, call->err, SELECT_BY_INCIDENT, "iitt", incident_id,
                               policy_sees_all(actor), policy_person(actor), policy_person(actor)));
}

/* Which of the lists is wanted. */
static int choose_list(const struct args *args, const char **sql)
{
    bool wants_channels = false;
    bool is_opened = false;
    int rc = args_bool_optional(args, "incident_channels", &wants_channels);
    if (rc == OK)
        rc = args_bool_optional(args, "opened", &is_opened);
    if (rc == OK && is_opened && !wants_channels)
        rc = args_fail(args, "opened", "opened goes with incident_channels = true");
    *sql = !args_has(args, "incident_channels") ? SELECT_LIST
           : !wants_channels                    ? SELECT_PLAIN
           : is_opened                          ? SELECT_OPENED_CHANNELS
                                                : SELECT_CHANNELS;
    return rc;
}

/* conversation.list {platform, incident_channels?, opened?, tag_prefix?} -> [conversation] */
static int conversation_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct text platform, prefix;
    const char *sql = NULL;
    int rc = args_refuse_unknown(call, "platform", "incident_channels", "opened", "tag_prefix");
    if (rc != OK || (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &platform)) != OK ||
        (rc = choose_list(&args, &sql)) != OK ||
        (rc = args_text_optional(&args, "tag_prefix", 0, TAG_MAX, &prefix)) != OK)
        return rc;
    AUTO_FREE char *start = prefix.at ? text_dup(prefix) : xstrdup("");
    const struct actor *actor = call->actor;
    struct stmt *stmt =
        tx_query(call->tx, call->err, sql, "ntititt", platform.at, platform.len, start,
                 (int64_t)utf8_length(start, strlen(start)), start, policy_sees_all(actor),
                 policy_person(actor), policy_person(actor));
    return op_write_rows(call, stmt, write_conversation);
}

/* ---- the channel of an incident */

/* What a platform says about a channel. */
struct channel {
    struct text platform, external_id, name, type, url;
};

static bool is_type(struct text type)
{
    static const char *const TYPES[] = { "unknown", "public", "private", "dm", "group_dm" };
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
        if (text_is(type, TYPES[i]))
            return true;
    return false;
}

static int read_type(const struct args *args, struct text *type)
{
    int rc = args_text_optional(args, "type", 1, 20, type);
    if (rc == OK && type->at && !is_type(*type))
        return args_fail(args, "type", "type must be public, private, dm, group_dm or unknown");
    return rc;
}

static int read_channel(const struct args *args, struct channel *channel)
{
    int rc = args_text(args, "platform", 1, PLATFORM_MAX, &channel->platform);
    if (rc != OK ||
        (rc = args_text(args, "external_id", 1, EXTERNAL_ID_MAX, &channel->external_id)) != OK ||
        (rc = args_text(args, "name", 0, NAME_MAX_POINTS, &channel->name)) != OK ||
        (rc = read_type(args, &channel->type)) != OK ||
        (rc = args_text_optional(args, "url", 1, URL_MAX, &channel->url)) != OK)
        return rc;
    if (!channel->type.at)
        channel->type = text_of("unknown");
    return OK;
}

/* *is_open: the incident has this channel already; ERR_CONFLICT when it has another. */
static int check_opened(struct op_call *call, int64_t incident_id, const struct channel *channel,
                        bool *is_open)
{
    *is_open = false;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_OPENED, "i", incident_id);
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        *is_open = text_is(channel->platform, stmt_text(stmt, 1)) &&
                   text_is(channel->external_id, stmt_text(stmt, 2));
        rc = *is_open ? OK
                      : err_set(call->err, ERR_CONFLICT,
                                "incident %" PRId64 " has the channel %.100s already", incident_id,
                                stmt_text(stmt, 2));
    }
    stmt_end(stmt);
    return rc;
}

static int insert_opened(struct op_call *call, int64_t incident_id, const struct channel *channel)
{
    char id[ID_SIZE];
    int64_t now_ms = clock_now_ms();
    id_new(id);
    int rc = tx_exec(call->tx, call->err, UPSERT_OPENED, "tnnnnniii", id, channel->platform.at,
                     channel->platform.len, channel->external_id.at, channel->external_id.len,
                     channel->name.at, channel->name.len, channel->type.at, channel->type.len,
                     channel->url.at, channel->url.len, incident_id, now_ms, now_ms);
    if (rc == 0)
        return err_set(call->err, ERR_CONFLICT, "this channel belongs to another incident");
    return rc < 0 ? rc : OK;
}

static int emit_created(struct op_call *call, int64_t incident_id, const struct channel *channel)
{
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_ID_BY_EXTERNAL, "nn", channel->platform.at,
                 channel->platform.len, channel->external_id.at, channel->external_id.len);
    if (!stmt)
        return call->err->code;
    char payload[200] = "";
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW)
        snprintf(payload, sizeof(payload),
                 "{\"incident_id\":%" PRId64 ",\"conversation_id\":\"%s\"}", incident_id,
                 stmt_text(stmt, 0));
    stmt_end(stmt);
    return rc < 0 ? rc
                  : event_emit(call->tx, "conversation.created", incident_id, payload, call->err);
}

/* conversation.opened {incident_id, platform, external_id, name, type?, url?} -> conversation */
static int conversation_opened(struct op_call *call)
{
    struct args args = args_of(call);
    struct channel channel;
    int64_t incident_id;
    bool is_open;
    int rc =
        args_refuse_unknown(call, "incident_id", "platform", "external_id", "name", "type", "url");
    if (rc != OK || (rc = args_int(&args, "incident_id", 1, INT64_MAX, &incident_id)) != OK ||
        (rc = read_channel(&args, &channel)) != OK ||
        (rc = policy_require_incident(call, incident_id)) != OK ||
        (rc = check_opened(call, incident_id, &channel, &is_open)) != OK)
        return rc;
    if (!is_open) {
        rc = insert_opened(call, incident_id, &channel);
        if (rc == OK)
            rc = emit_created(call, incident_id, &channel);
    }
    return rc == OK ? answer_by_external(call, channel.platform, channel.external_id) : rc;
}

/* conversation.ready {incident_id} -> {}; tells it once */
static int conversation_ready(struct op_call *call)
{
    int64_t incident_id;
    int rc = policy_only_incident(call, "incident_id", &incident_id);
    if (rc != OK)
        return rc;
    bool is_told = tx_get_int(call->tx, &rc, call->err, 0, SELECT_READY, "i", incident_id) == 1;
    char payload[48];
    snprintf(payload, sizeof(payload), "{\"incident_id\":%" PRId64 "}", incident_id);
    if (rc == OK && !is_told)
        rc = event_emit(call->tx, "conversation.ready", incident_id, payload, call->err);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

/* ---- what a synchronisation tells */

static int read_status(const struct args *args, struct text *status)
{
    int rc = args_text_optional(args, "status", 1, 20, status);
    if (rc == OK && status->at && !text_is(*status, "opened") && !text_is(*status, "archived") &&
        !text_is(*status, "not_opened"))
        return args_fail(args, "status", "status must be opened, archived or not_opened");
    return rc;
}

/* conversation.save {platform, external_id, name?, type?, status?, is_shared?, new_external_id?} ->
 * conversation */
static int conversation_save(struct op_call *call)
{
    struct args args = args_of(call);
    struct text platform, external_id, name, type, status, new_id;
    bool is_shared = false;
    int rc = args_refuse_unknown(call, "platform", "external_id", "name", "type", "status",
                                 "is_shared", "new_external_id");
    if (rc != OK || (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &platform)) != OK ||
        (rc = args_text(&args, "external_id", 1, EXTERNAL_ID_MAX, &external_id)) != OK ||
        (rc = args_text_optional(&args, "name", 0, NAME_MAX_POINTS, &name)) != OK ||
        (rc = read_type(&args, &type)) != OK || (rc = read_status(&args, &status)) != OK ||
        (rc = args_bool_optional(&args, "is_shared", &is_shared)) != OK ||
        (rc = args_text_optional(&args, "new_external_id", 1, EXTERNAL_ID_MAX, &new_id)) != OK)
        return rc;
    int64_t shared = args_has(&args, "is_shared") ? is_shared : -1;
    rc = tx_exec(call->tx, call->err, UPDATE_SAVED, "nnniininn", name.at, name.len, type.at,
                 type.len, status.at, status.len, shared, shared, new_id.at, new_id.len,
                 clock_now_ms(), platform.at, platform.len, external_id.at, external_id.len);
    if (rc == 0)
        return err_set(call->err, ERR_NOT_FOUND, "this conversation is not known here");
    return rc < 0 ? rc : answer_by_external(call, platform, new_id.at ? new_id : external_id);
}

static int require_conversation(struct op_call *call, const char *id)
{
    int rc = OK;
    bool exists = tx_get_int(call->tx, &rc, call->err, 0, SELECT_EXISTS, "t", id) == 1;
    return rc == OK && !exists
               ? err_set(call->err, ERR_NOT_FOUND, "this conversation is not known here")
               : rc;
}

static void write_member(struct json_writer *w, struct stmt *stmt)
{
    json_text(w, stmt_text(stmt, 0));
}

/* conversation.members {conversation_id} -> [person id] */
static int conversation_members(struct op_call *call)
{
    struct args args = args_of(call);
    struct text text;
    int rc = args_refuse_unknown(call, "conversation_id");
    if (rc != OK || (rc = args_text(&args, "conversation_id", 1, 64, &text)) != OK)
        return rc;
    AUTO_FREE char *id = text_dup(text);
    const struct actor *actor = call->actor;
    bool is_visible =
        tx_get_int(call->tx, &rc, call->err, 0, SELECT_VISIBLE, "titt", id, policy_sees_all(actor),
                   policy_person(actor), policy_person(actor)) == 1;
    if (rc == OK && !is_visible)
        rc = err_set(call->err, ERR_NOT_FOUND, "this conversation is not known here");
    if (rc != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_MEMBERS, "t", id);
    return op_write_rows(call, stmt, write_member);
}

static void answer_change(struct op_call *call, int64_t added, int64_t removed)
{
    json_object_begin(call->out);
    json_put_int(call->out, "added", added);
    json_put_int(call->out, "removed", removed);
    json_object_finish(call->out);
}

/* conversation.set_members {conversation_id, people[]} -> {added, removed} */
static int set_members(struct op_call *call)
{
    struct args args = args_of(call);
    struct text text;
    int64_t added, removed;
    int rc = args_refuse_unknown(call, "conversation_id", "people");
    if (rc != OK || (rc = args_text(&args, "conversation_id", 1, 64, &text)) != OK)
        return rc;
    AUTO_FREE char *id = text_dup(text);
    rc = require_conversation(call, id);
    if (rc == OK)
        rc =
            members_replace(call->tx, &CONVERSATION_MEMBERS, id, &args, "people", &added, &removed);
    if (rc == OK)
        answer_change(call, added, removed);
    return rc;
}

/* Runs the table's add or remove for {conversation_id, person_id}; *changed counts the rows. */
static int change_member(struct op_call *call, const char *sql, int *changed)
{
    struct args args = args_of(call);
    struct text conversation, person;
    int rc = args_refuse_unknown(call, "conversation_id", "person_id");
    if (rc != OK || (rc = args_text(&args, "conversation_id", 1, 64, &conversation)) != OK ||
        (rc = args_text(&args, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK)
        return rc;
    AUTO_FREE char *id = text_dup(conversation);
    rc = require_conversation(call, id);
    if (rc != OK)
        return rc;
    *changed = tx_exec(call->tx, call->err, sql, "tn", id, person.at, person.len);
    return *changed < 0 ? *changed : OK;
}

/* conversation.add_member {conversation_id, person_id} -> {added, removed} */
static int add_member(struct op_call *call)
{
    int changed;
    int rc = change_member(call, CONVERSATION_MEMBERS.add, &changed);
    if (rc == OK)
        answer_change(call, changed, 0);
    return rc;
}

/* conversation.remove_member {conversation_id, person_id} -> {added, removed} */
static int remove_member(struct op_call *call)
{
    int changed;
    int rc = change_member(call, CONVERSATION_MEMBERS.remove, &changed);
    if (rc == OK)
        answer_change(call, 0, changed);
    return rc;
}

const struct op CONVERSATION_OPS[] = {
    { "conversation.get", false, conversation_get,
      "{id} or {tag} or {platform, external_id} or {incident_id}: one conversation" },
    { "conversation.list", false, conversation_list,
      "{platform, incident_channels?, opened?, tag_prefix?}: conversations; incident_channels true:"
      " only those of incidents (opened true: and not archived), false: none of them" },
    { "conversation.members", false, conversation_members,
      "{conversation_id}: the people in it -> [person id]" },
    { "conversation.opened", true, conversation_opened,
      "{incident_id, platform, external_id, name, type?, url?}: the incident's channel exists;"
      " emits conversation.created" },
    { "conversation.ready", true, conversation_ready,
      "{incident_id}: the channel is set up; emits conversation.ready once" },
    { "conversation.save", true, conversation_save,
      "{platform, external_id, name?, type?, status?, is_shared?, new_external_id?}: updates a"
      " known conversation" },
    { "conversation.set_members", true, set_members,
      "{conversation_id, people[]}: replaces the members -> {added, removed}" },
    { "conversation.add_member", true, add_member,
      "{conversation_id, person_id}: adds one member" },
    { "conversation.remove_member", true, remove_member,
      "{conversation_id, person_id}: removes one member" },
    { 0 },
};
