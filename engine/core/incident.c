/* incident - declaring. One transaction: the row, required roles, the first two records of the
 * timeline, membership, impacts, audit entry and event. declaration.c reads and checks the
 * arguments; nothing is written before all of them are good. */
#include "base/clock.h"
#include "core/audit.h"
#include "core/declaration.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/incident_json.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/policy.h"
#include "core/request_key.h"
#include "core/search_index.h"
#include "core/status.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char DECLARE[] = "incident.declare";

static const char SELECT_DEDUP[] =
    "SELECT id FROM incident WHERE dedup_key = ? AND status <= 40 ORDER BY created_at_ms LIMIT 1";
static const char DELETE_DRAFT[] = "DELETE FROM kv WHERE scope = ? AND key = ?";

static const char INSERT_INCIDENT[] =
    "INSERT INTO incident (title, description, status, priority_id, category_id, environment_id,"
    " created_by, response_type, custom_fields, dedup_key, is_private, is_ignored, is_drill,"
    " created_at_ms, updated_at_ms) VALUES (?, ?, 10, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SELECT_REQUIRED_ROLES[] =
    "SELECT id, slug FROM role_type WHERE is_required = 1 AND is_active = 1";
static const char INSERT_ROLE[] =
    "INSERT INTO incident_role (incident_id, role_type_id, person_id, created_at_ms) VALUES (?,"
    " ?, ?, ?)";
static const char INSERT_STATE[] =
    "INSERT INTO incident_update (id, incident_id, title, description, status, priority_id,"
    " category_id, environment_id, roles, created_by, event_at_ms, created_at_ms) VALUES (?, ?,"
    " ?, ?, 10, ?, ?, ?, ?, ?, ?, ?)";
static const char INSERT_DECLARED[] =
    "INSERT INTO incident_update (id, incident_id, created_by, event_type, event_at_ms,"
    " created_at_ms) VALUES (?, ?, ?, 'declared', ?, ?)";
static const char INSERT_MEMBER[] =
    "INSERT INTO incident_member (incident_id, person_id, created_at_ms) VALUES (?, ?, ?)";
static const char INSERT_IMPACT[] =
    "INSERT INTO incident_impact (incident_id, impact_type_id, impact_level_id) VALUES (?, ?, ?)";

/* What is being written. */
struct declaring {
    struct op_call *call;
    struct text request_key; /* .at NULL: none */
    struct declaration declaration;
    int64_t id;
    int64_t now_ms;
};

static int answer(struct op_call *call, int64_t id, bool is_created)
{
    bool is_brief = json_is_true(json_object_get(call->args, "brief"));
    int rc = OK;
    json_object_begin(call->out);
    json_put_int(call->out, "id", id);
    json_put_bool(call->out, "created", is_created);
    if (!is_brief) {
        json_key(call->out, "incident");
        rc = incident_write(call->tx, call->out, id, call->err);
    }
    json_object_finish(call->out);
    return rc;
}

/* ---- what may have happened already */

/* *id is the incident that an earlier call with the same request key made, or 0. */
static int find_request(struct op_call *call, struct text key, int64_t *id)
{
    AUTO_JSON json_t *kept = NULL;
    int rc = request_key_find(call, DECLARE, key, &kept);
    *id = json_integer_value(json_object_get(kept, "incident_id"));
    return rc;
}

static int find_duplicate(struct op_call *call, struct text key, int64_t *id)
{
    int rc = OK;
    *id = key.at ? tx_get_int(call->tx, &rc, call->err, 0, SELECT_DEDUP, "n", key.at, key.len) : 0;
    if (rc == OK && *id && !may_see(call->actor, call->tx, *id)) {
        rc = err_field(call->err, "dedup_key",
                       "an incident with this dedup_key is open, but it is private");
        call->err->code = ERR_CONFLICT;
        return ERR_CONFLICT;
    }
    return rc;
}

/* ---- writing */

static int insert_incident(struct declaring *d)
{
    const struct declaration *in = &d->declaration;
    int rc =
        tx_exec(d->call->tx, d->call->err, INSERT_INCIDENT,
                "nn"
                "ttttt"
                "tn"
                "bbbii",
                in->title.at, in->title.len, in->description.at, in->description.len,
                in->priority_id, in->category_id, in->environment_id, in->created_by,
                in->response_type, in->custom_fields, in->dedup_key.at, in->dedup_key.len,
                (int)in->is_private, (int)in->is_ignored, (int)in->is_drill, d->now_ms, d->now_ms);
    if (rc < 0)
        return rc;
    d->id = tx_insert_id(d->call->tx);
    search_index_add(d->call->tx, d->id);
    return OK;
}

/* Gives the required roles to the creator; <roles> gets {slug: person} of them. */
static int insert_roles(struct declaring *d, struct buf *roles)
{
    enum { REQUIRED_MAX = 32 };
    int64_t types[REQUIRED_MAX];
    int count = 0;
    struct json_writer w;
    struct stmt *stmt = tx_query(d->call->tx, d->call->err, SELECT_REQUIRED_ROLES, "");
    if (!stmt)
        return d->call->err->code;
    json_writer_init(&w, roles);
    json_object_begin(&w);
    int rc;
    while ((rc = stmt_next(stmt, d->call->err)) == DB_ROW && count < REQUIRED_MAX) {
        types[count++] = stmt_int(stmt, 0);
        json_put_text(&w, stmt_text(stmt, 1), d->declaration.created_by);
    }
    json_object_finish(&w);
    stmt_end(stmt);
    for (int i = 0; i < count && rc >= 0; i++)
        rc = tx_exec(d->call->tx, d->call->err, INSERT_ROLE, "iiti", d->id, types[i],
                     d->declaration.created_by, d->now_ms);
    return rc < 0 ? rc : OK;
}

/* Two ids in the order in which they are to be shown: those made in one millisecond sort by
 * chance. */
static void new_ids(char first[ID_SIZE], char second[ID_SIZE])
{
    char id[ID_SIZE];
    id_new(first);
    id_new(second);
    if (strcmp(first, second) < 0)
        return;
    memcpy(id, first, ID_SIZE);
    memcpy(first, second, ID_SIZE);
    memcpy(second, id, ID_SIZE);
}

/* The state at the beginning, and the key event "declared". */
static int insert_updates(struct declaring *d, const char *roles)
{
    const struct declaration *in = &d->declaration;
    char first[ID_SIZE];
    char second[ID_SIZE];
    new_ids(first, second);
    int rc = tx_exec(d->call->tx, d->call->err, INSERT_STATE,
                     "tinn"
                     "tttt"
                     "tii",
                     first, d->id, in->title.at, in->title.len, in->description.at,
                     in->description.len, in->priority_id, in->category_id, in->environment_id,
                     roles, in->created_by, d->now_ms, d->now_ms);
    if (rc >= 0)
        rc = tx_exec(d->call->tx, d->call->err, INSERT_DECLARED, "titii", second, d->id,
                     in->created_by, d->now_ms, d->now_ms);
    return rc < 0 ? rc : OK;
}

static int insert_impacts(struct declaring *d)
{
    const struct declaration *in = &d->declaration;
    for (size_t i = 0; i < in->impact_count; i++) {
        int rc = tx_exec(d->call->tx, d->call->err, INSERT_IMPACT, "iit", d->id,
                         in->impacts[i].type_id, in->impacts[i].level_id);
        if (rc < 0)
            return rc;
    }
    return OK;
}

static int write_audit(struct declaring *d)
{
    const struct declaration *in = &d->declaration;
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &after);
    json_object_begin(&w);
    json_key(&w, "title");
    json_text_n(&w, in->title.at, in->title.len);
    json_key(&w, "description");
    json_text_n(&w, in->description.at, in->description.len);
    json_put_int(&w, "status", STATUS_OPEN);
    json_put_text(&w, "priority_id", in->priority_id);
    json_put_text(&w, "category_id", in->category_id);
    json_put_text(&w, "environment_id", in->environment_id);
    json_put_text(&w, "created_by", in->created_by);
    json_put_text(&w, "response_type", in->response_type);
    json_put_raw(&w, "custom_fields", in->custom_fields);
    json_put_bool(&w, "is_private", in->is_private);
    json_put_bool(&w, "is_ignored", in->is_ignored);
    json_put_bool(&w, "is_drill", in->is_drill);
    json_object_finish(&w);
    struct audit_entry entry = { .action = DECLARE,
                                 .incident_id = d->id,
                                 .after = buf_text(&after) };
    return audit_write(d->call->tx, d->call->actor, &entry, d->call->err);
}

/* Remembers the request, so that its repetition is answered, and drops the draft it came from. */
static int settle_request(struct declaring *d, const char *payload)
{
    const struct declaration *in = &d->declaration;
    int rc = request_key_keep(d->call, DECLARE, d->request_key, payload);
    if (rc == OK && in->draft_key.at)
        rc = tx_exec(d->call->tx, d->call->err, DELETE_DRAFT, "nn", in->draft_scope.at,
                     in->draft_scope.len, in->draft_key.at, in->draft_key.len);
    return rc < 0 ? rc : OK;
}

static int store(struct declaring *d)
{
    struct op_call *call = d->call;
    AUTO_BUF struct buf roles = BUF_INIT;
    int rc = insert_incident(d);
    if (rc == OK)
        rc = insert_roles(d, &roles);
    if (rc == OK)
        rc = insert_updates(d, buf_text(&roles));
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, INSERT_MEMBER, "iti", d->id, d->declaration.created_by,
                     d->now_ms);
    if (rc >= 0)
        rc = insert_impacts(d);
    if (rc == OK)
        rc = write_audit(d);
    char answered[48], event[96];
    snprintf(answered, sizeof(answered), "{\"incident_id\":%" PRId64 "}", d->id);
    snprintf(event, sizeof(event), "{\"incident_id\":%" PRId64 ",\"response_type\":\"%s\"}", d->id,
             d->declaration.response_type);
    if (rc == OK)
        rc = event_emit(call->tx, "incident.created", d->id, event, call->err);
    return rc == OK ? settle_request(d, answered) : rc;
}

static int declare_new(struct declaring *d)
{
    int64_t duplicate;
    int rc = declaration_read(d->call, &d->declaration);
    if (rc == OK)
        rc = find_duplicate(d->call, d->declaration.dedup_key, &duplicate);
    if (rc != OK)
        return rc;
    if (duplicate)
        return answer(d->call, duplicate, false);
    if (d->declaration.email.at)
        rc = person_ensure_email(d->call->tx, d->declaration.email, (struct text){ 0 },
                                 d->declaration.created_by, d->call->err);
    if (rc == OK)
        rc = store(d);
    return rc == OK ? answer(d->call, d->id, true) : rc;
}

/* incident.declare, its arguments are those of declaration.c and brief? -> {id, created, incident
 * unless brief} */
static int incident_declare(struct op_call *call)
{
    struct args args = args_of(call);
    struct declaring d = { .call = call, .now_ms = clock_now_ms() };
    int64_t known;
    int rc = request_key_read(&args, &d.request_key);
    if (rc == OK)
        rc = find_request(call, d.request_key, &known);
    if (rc != OK)
        return rc;
    if (known && may_see(call->actor, call->tx, known))
        return answer(call, known, false);
    rc = declare_new(&d);
    declaration_fini(&d.declaration);
    return rc;
}

const struct op INCIDENT_OPS[] = {
    { "incident.declare", OP_WRITES_REPEATABLY, incident_declare,
      "{title, description, priority, category, environment or environments[], created_by or"
      " created_by_email, impacts{}?, custom_fields{}?, dedup_key?, ignore?, drill?, private?,"
      " response_type?, draft{scope,key}?, require_enabled?, form?, request_key?, brief?}:"
      " declares an incident -> {id, created, incident}; brief: without the incident, which"
      " costs a third" },
    { 0 },
};
