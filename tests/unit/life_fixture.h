/* life_fixture - rows of an incident's whole life on top of core_fixture: priorities with and without a post-mortem,
 * all key events and metrics, and steps as one-liners. */
#pragma once
#include "core_fixture.h"

#include "core/lifecycle.h"

enum {
    OPEN = 10,
    INVESTIGATING = 20,
    MITIGATING = 30,
    MITIGATED = 40,
    POSTMORTEM = 50,
    CLOSED = 60
};

static const char ROWS[] =
    "{'priorities':[{'name':'P1','value':1,'needs_postmortem':true,'default':true},{'name':'P3','"
    "value':3},{'name':'P4',"
    "'value':4}],'environments':[{'value':'PRD','name':'Prod','order':0},{'value':'STG','name':'"
    "Stg','order':1}],"
    "'groups':[{'name':'Shop','categories':[{'name':'Payment'}]}],"
    "'milestones':[{'event_type':'started','name':'Started','required':true},{'event_type':'"
    "detected','name':'Detected',"
    "'required':true},{'event_type':'declared','name':'Declared','required':true,'user_editable':"
    "false},"
    "{'event_type':'recovered','name':'Recovered','required':true},{'event_type':'resolved','name':"
    "'Resolved',"
    "'user_editable':false},{'event_type':'mitigated','name':'Mitigated','user_editable':false}],"
    "'metrics':[{'type':'ttd','code':'TTD','name':'d','start':'started','end':'detected'},"
    "{'type':'tta','code':'TTA','name':'a','start':'started','end':'declared'},"
    "{'type':'ttrep','code':'TTRep','name':'r','start':'declared','end':'mitigated'},"
    "{'type':'ttf','code':'TTF','name':'f','start':'declared','end':'recovered'},"
    "{'type':'ttrec','code':'TTRec','name':'c','start':'started','end':'recovered'},"
    "{'type':'ttresp','code':'TTResp','name':'s','start':'detected','end':'recovered'},"
    "{'type':'ttreso','code':'TTReso','name':'o','start':'started','end':'resolved'}]}";

static inline int setup_life(void **state)
{
    int rc = setup_empty(state);
    run_quietly(*state, "reference.reconcile", ROWS);
    return rc;
}

static inline int exec_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct stmt *stmt = tx_query_values(tx, err, arg, NULL, 0);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static inline int64_t declare(struct fixture *fixture, const char *priority,
                              const char *environment)
{
    char args[300];
    snprintf(args, sizeof(args),
             "{'title':'It is "
             "broken','description':'d','category':'Payment','priority':'%s','environment':'%s',"
             "'created_by_email':'x@example.com'}",
             priority, environment);
    json_t *answer = run(fixture, "incident.declare", args);
    int64_t id = int_at(answer, "id");
    json_decref(answer);
    return id;
}

static inline void put_status(struct fixture *fixture, int64_t id, int status)
{
    char args[120];
    snprintf(args, sizeof(args), "UPDATE incident SET status = %d WHERE id = %lld", status,
             (long long)id);
    struct err err = { 0 };
    assert_int_equal(db_write_now(fixture->db, exec_in_tx, args, &err), OK);
}

static inline void set_key_events(struct fixture *fixture, int64_t id)
{
    char args[160];
    snprintf(args, sizeof(args),
             "{'id':%lld,'key_events':{'started':1000,'detected':2000,'recovered':9000}}",
             (long long)id);
    run_quietly(fixture, "incident.set_key_events", args);
}

static inline int64_t events(struct fixture *fixture, const char *event_type)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM incident_update WHERE event_type = '%s'",
             event_type);
    return count(fixture, sql);
}
