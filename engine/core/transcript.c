/* transcript - what was said in the channel of an incident, kept for the time when the channel is
 * archived or gone. Bounded: at most MESSAGES_MAX messages an incident, each cut by who saves it.
 * As hidden as the incident. */
#include "base/clock.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/people_set.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

enum { BATCH_MAX = 1000, MESSAGES_MAX = 10000, TEXT_MAX = 8000, AUTHOR_MAX = 200, ID_MAX = 128 };

static const char UPSERT_TRANSCRIPT[] =
    "INSERT INTO transcript (incident_id, is_complete, saved_at_ms) VALUES (?, ?, ?) ON CONFLICT"
    " (incident_id) DO UPDATE SET is_complete = excluded.is_complete, saved_at_ms ="
    " excluded.saved_at_ms";
static const char UPSERT_MESSAGE[] =
    "INSERT INTO transcript_message (incident_id, at_ms, external_id, thread_id, person_id, author,"
    " text) VALUES (?, ?, ?, ?, (SELECT id FROM person WHERE id = ?), ?, ?) ON CONFLICT"
    " (incident_id, at_ms, external_id) DO UPDATE SET thread_id = excluded.thread_id, person_id ="
    " excluded.person_id, author = excluded.author, text = excluded.text";
static const char COUNT_MESSAGES[] =
    "SELECT COUNT(*) FROM transcript_message WHERE incident_id = ?";
static const char SELECT_TRANSCRIPT[] =
    "SELECT is_complete, saved_at_ms FROM transcript WHERE incident_id = ?";
static const char SELECT_PEOPLE[] =
    "SELECT DISTINCT person_id FROM transcript_message WHERE incident_id = ?";
static const char SELECT_MESSAGES[] =
    "SELECT external_id, thread_id, person_id, author, text, at_ms FROM transcript_message WHERE"
    " incident_id = ? ORDER BY at_ms, external_id LIMIT ? OFFSET ?";

static int save_row(struct op_call *call, int64_t incident_id, const struct args *row)
{
    struct text id, thread, person, author, said;
    int64_t at_ms;
    int rc = args_row_refuse_unknown(row, "external_id", "thread_id", "person_id", "author", "text",
                                     "at_ms");
    if (rc != OK || (rc = args_text(row, "external_id", 1, ID_MAX, &id)) != OK ||
        (rc = args_text_optional(row, "thread_id", 1, ID_MAX, &thread)) != OK ||
        (rc = args_text_optional(row, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK ||
        (rc = args_text_optional(row, "author", 0, AUTHOR_MAX, &author)) != OK ||
        (rc = args_text_optional(row, "text", 0, TEXT_MAX, &said)) != OK ||
        (rc = args_int(row, "at_ms", 0, INT64_MAX, &at_ms)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, UPSERT_MESSAGE,
                 "iinnn"
                 "nn",
                 incident_id, at_ms, id.at, id.len, thread.at, thread.len, person.at, person.len,
                 author.at ? author.at : "", author.len, said.at ? said.at : "", said.len);
    return rc < 0 ? rc : OK;
}

/* Saves what there is room for; *is_cut when something was left out. */
static int save_rows(struct op_call *call, int64_t incident_id, int64_t *count, bool *is_cut)
{
    struct args args = args_of(call);
    json_t *rows = NULL;
    int rc = args_array_optional(&args, "messages", BATCH_MAX, &rows);
    if (rc == OK)
        *count = tx_get_int(call->tx, &rc, call->err, 0, COUNT_MESSAGES, "i", incident_id);
    int64_t room = MESSAGES_MAX - *count;
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        *is_cut = (int64_t)index >= room;
        if (rc != OK || *is_cut ||
            (rc = args_enter(&args, "messages", (int)index, item, &row)) != OK)
            break;
        rc = save_row(call, incident_id, &row);
    }
    if (rc == OK)
        *count = tx_get_int(call->tx, &rc, call->err, 0, COUNT_MESSAGES, "i", incident_id);
    return rc;
}

/* transcript.save {incident_id, messages:[{external_id, at_ms, thread_id?, person_id?, author?,
 * text?}]?, is_complete?} -> {count, is_full} */
static int transcript_save(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t incident_id, count = 0;
    bool is_complete = false, is_full = false;
    int rc = args_refuse_unknown(call, "incident_id", "messages", "is_complete");
    if (rc != OK || (rc = args_int(&args, "incident_id", 1, INT64_MAX, &incident_id)) != OK ||
        (rc = args_bool_optional(&args, "is_complete", &is_complete)) != OK ||
        (rc = policy_require_incident(call, incident_id)) != OK ||
        (rc = save_rows(call, incident_id, &count, &is_full)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, UPSERT_TRANSCRIPT, "iii", incident_id,
                 (int64_t)(is_complete && !is_full), clock_now_ms());
    if (rc < 0)
        return rc;
    json_object_begin(call->out);
    json_put_int(call->out, "count", count);
    json_put_bool(call->out, "is_full", is_full);
    json_object_finish(call->out);
    return OK;
}

/* ---- reading */

static void write_message(struct json_writer *w, struct stmt *stmt, const struct people_set *people)
{
    json_object_begin(w);
    json_put_text(w, "external_id", stmt_text(stmt, 0));
    json_put_text(w, "thread_id", stmt_text(stmt, 1));
    json_key(w, "person");
    people_set_write(people, w, stmt_text(stmt, 2));
    json_put_text(w, "author", stmt_text(stmt, 3));
    json_put_text(w, "text", stmt_text(stmt, 4));
    json_put_int(w, "at_ms", stmt_int(stmt, 5));
    json_object_finish(w);
}

static int write_messages(struct op_call *call, int64_t incident_id, int64_t limit, int64_t offset)
{
    AUTO_PEOPLE_SET struct people_set *people = people_set_new();
    int rc = people_set_load_rows(people, call->tx,
                                  tx_query(call->tx, call->err, SELECT_PEOPLE, "i", incident_id),
                                  call->err);
    if (rc != OK)
        return rc;
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_MESSAGES, "iii", incident_id, limit, offset);
    if (!stmt)
        return call->err->code;
    json_key(call->out, "messages");
    json_array_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        write_message(call->out, stmt, people);
    json_array_finish(call->out);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int write_head(struct op_call *call, int64_t incident_id)
{
    int rc = OK;
    int64_t count = tx_get_int(call->tx, &rc, call->err, 0, COUNT_MESSAGES, "i", incident_id);
    struct stmt *stmt =
        rc == OK ? tx_query(call->tx, call->err, SELECT_TRANSCRIPT, "i", incident_id) : NULL;
    if (!stmt)
        return call->err->code;
    bool exists = (rc = stmt_next(stmt, call->err)) == DB_ROW;
    json_put_bool(call->out, "is_complete", exists && stmt_int(stmt, 0));
    if (exists)
        json_put_column(call->out, "saved_at_ms", stmt, 1);
    else
        json_put_null(call->out, "saved_at_ms");
    json_put_int(call->out, "count", count);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* transcript.get {incident_id, limit?, offset?} -> {is_complete, saved_at_ms or null, count,
 * messages[]}; limit 0: only the head */
static int transcript_get(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t incident_id, limit = BATCH_MAX, offset = 0;
    int rc = args_refuse_unknown(call, "incident_id", "limit", "offset");
    if (rc != OK || (rc = args_int(&args, "incident_id", 1, INT64_MAX, &incident_id)) != OK ||
        (rc = args_int_optional(&args, "limit", 0, BATCH_MAX, &limit)) != OK ||
        (rc = args_int_optional(&args, "offset", 0, MESSAGES_MAX, &offset)) != OK ||
        (rc = policy_require_incident(call, incident_id)) != OK)
        return rc;
    json_object_begin(call->out);
    rc = write_head(call, incident_id);
    if (rc == OK)
        rc = write_messages(call, incident_id, limit, offset);
    json_object_finish(call->out);
    return rc;
}

const struct op TRANSCRIPT_OPS[] = {
    { "transcript.save", true, transcript_save,
      "{incident_id, messages:[{external_id, at_ms, thread_id?, person_id?, author?, text?}]?,"
      " is_complete?}: keeps what was said in the channel -> {count, is_full}" },
    { "transcript.get", false, transcript_get,
      "{incident_id, limit?, offset?}: what was said, oldest first -> {is_complete, saved_at_ms,"
      " count, messages[]}" },
    { 0 },
};
