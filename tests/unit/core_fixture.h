/* core_fixture - a database with a small set of reference rows for each test of the kernel, and
 * operations as one-liners. Transactions run on the test's own thread. */
#pragma once
#include "unit.h"

#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/op.h"
#include "store/db.h"

struct fixture {
    char folder[64];
    struct db *db;
    struct err err; /* of the last operation */
};

static const char REFERENCE[] =
    "{'priorities':[{'name':'P1','value':1,'needs_postmortem':true,'sla':7200000},{'name':'P2','"
    "value':2},"
    "{'name':'P4','value':4,'default':true},{'name':'P5','value':5,'enabled_create':false},"
    "{'name':'DRILL','value':20,'response_type':'critical'}],"
    "'environments':[{'value':'PRD','name':'Prod','order':0,'default':true,'id':'e5c46eb0-5620-"
    "4a30-81c6-4a647c189ff2'},"
    "{'value':'STG','name':'Stg','order':1},{'value':'INT','name':'Int','order':3}],"
    "'groups':[{'name':'Shop','order':1,'categories':[{'name':'Payment'},{'name':'Other','order':2}"
    "]},"
    "{'name':'Security','order':2,'categories':[{'name':'Data "
    "breach','private':true},{'name':'Other'}]}],"
    "'roles':[{'slug':'commander','name':'Commander','required':true,'order':1},"
    "{'slug':'communication_lead','name':'Communication Lead','order':2}],"
    "'milestones':[{'event_type':'started','name':'Started'},{'event_type':'detected','name':'"
    "Detected'}],"
    "'metrics':[{'type':'time_to_detect','code':'TTD','name':'Time to "
    "detect','end':'detected','start':'started'}],"
    "'impacts':[{'value':'business_impact','name':'Business','levels':[{'value':'HT','name':'"
    "Critical','order':20},"
    "{'value':'NO','name':'None','order':0}]}],"
    "'cost_types':[{'name':'Lost sales'}]}";

/* JSON with ' for " (no text of the tests holds either); caller frees. Allows \u0000, as foreign
 * input does. */
static inline json_t *parse(const char *text)
{
    char *quoted = xstrdup(text);
    for (char *c = quoted; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t error;
    json_t *value = json_loads(quoted, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!value)
        fail_msg("%s: %s", error.text, quoted);
    free(quoted);
    return value;
}

/* Runs the operation; the answer (caller frees), or NULL and fixture->err. */
static inline json_t *run_json(struct fixture *fixture, const struct actor *actor, const char *name,
                               json_t *args)
{
    struct buf out = BUF_INIT;
    fixture->err = (struct err){ 0 };
    int rc = op_run_now(fixture->db, name, args, actor, &out, &fixture->err);
    json_error_t error;
    json_t *answer = rc == OK ? json_loads(buf_text(&out), JSON_DECODE_ANY, &error) : NULL;
    if (rc == OK && !answer)
        fail_msg("%s answers no JSON: %s: %s", name, error.text, buf_text(&out));
    buf_fini(&out);
    return answer;
}

static inline json_t *run_as(struct fixture *fixture, const struct actor *actor, const char *name,
                             const char *args)
{
    return run_json(fixture, actor, name, parse(args));
}

/* Runs an operation as the engine that must succeed; caller frees the answer. */
static inline json_t *run(struct fixture *fixture, const char *name, const char *args)
{
    json_t *answer = run_as(fixture, NULL, name, args);
    if (!answer)
        fail_msg("%s: %s (%s)", name, fixture->err.msg, fixture->err.field);
    return answer;
}

static inline void run_quietly(struct fixture *fixture, const char *name, const char *args)
{
    json_decref(run(fixture, name, args));
}

/* The operation must be refused with <code>, and with <field> unless that is NULL. */
static inline void refuse(struct fixture *fixture, const char *name, const char *args, int code,
                          const char *field)
{
    json_t *answer = run_as(fixture, NULL, name, args);
    if (answer)
        fail_msg("%s %s was not refused", name, args);
    assert_int_equal(fixture->err.code, code);
    if (field)
        assert_string_equal(fixture->err.field, field);
}

/* A member by path: "incident.roles.0.slug". Borrowed; fails when there is none. */
static inline json_t *at(json_t *value, const char *path)
{
    char *rest = xstrdup(path);
    char *keep = NULL;
    for (char *key = strtok_r(rest, ".", &keep); key && value; key = strtok_r(NULL, ".", &keep))
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key))
                                     : json_object_get(value, key);
    free(rest);
    if (!value)
        fail_msg("there is no %s", path);
    return value;
}

static inline const char *text_at(json_t *value, const char *path)
{
    const char *text = json_string_value(at(value, path));
    if (!text)
        fail_msg("%s is no text", path);
    return text;
}

static inline int64_t int_at(json_t *value, const char *path)
{
    assert_true(json_is_integer(at(value, path)));
    return json_integer_value(at(value, path));
}

static inline bool bool_at(json_t *value, const char *path)
{
    assert_true(json_is_boolean(at(value, path)));
    return json_is_true(at(value, path));
}

struct count_query {
    const char *sql;
    int64_t count;
};

static inline int count_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct count_query *query = arg;
    struct stmt *stmt = tx_query_values(tx, err, query->sql, NULL, 0);
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    query->count = stmt_int(stmt, 0);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* The integer that <sql> gives. */
static inline int64_t count(struct fixture *fixture, const char *sql)
{
    struct count_query query = { .sql = sql };
    struct err err = { 0 };
    if (db_read_now(fixture->db, count_in_tx, &query, &err) != OK)
        fail_msg("%s", err.msg);
    return query.count;
}

static inline struct actor person_actor(const char *id)
{
    struct actor actor = { .kind = ACTOR_PERSON, .source = "chat" };
    snprintf(actor.id, sizeof(actor.id), "%s", id);
    return actor;
}

/* A person with an account "U-<name>" on the platform "chat"; the id is copied out. */
static inline void add_person(struct fixture *fixture, const char *name, char id[40])
{
    char args[200];
    snprintf(args, sizeof(args),
             "{'platform':'chat','external_id':'U-%s','handle':'%s','email':'%s@example.com'}",
             name, name, name);
    json_t *person = run(fixture, "person.upsert", args);
    snprintf(id, 40, "%s", text_at(person, "id"));
    json_decref(person);
}

static inline int setup_empty(void **state)
{
    log_configure(LOG_ERROR_LEVEL, false);
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-core-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    char path[96];
    snprintf(path, sizeof(path), "%s/test.db", fixture->folder);
    struct db_options options = { .path = path };
    struct err err = { 0 };
    if (db_open(&options, &fixture->db, &err) != OK)
        fail_msg("%s", err.msg);
    op_set_base_url("https://halligan.test/");
    *state = fixture;
    return 0;
}

static inline int setup(void **state)
{
    setup_empty(state);
    run_quietly(*state, "reference.reconcile", REFERENCE);
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    db_close(fixture->db);
    clock_set_ms(-1);
    DIR *dir = opendir(fixture->folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

#define TEST(test)       cmocka_unit_test_setup_teardown(test, setup, teardown)
#define TEST_EMPTY(test) cmocka_unit_test_setup_teardown(test, setup_empty, teardown)
