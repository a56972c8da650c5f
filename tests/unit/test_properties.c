/* Random lives: operations of all kinds, sensible and not, on a handful of incidents. Whatever happens, no incident
 * comes to a state outside the lifecycle's table, what is refused changes nothing, what is said twice changes once, and
 * the timeline, the metrics and the audit log tell the same as the rows.
 *
 * Each life is a seed; PROPERTY_SEED=n lives that one alone, which is how a failure is looked into. */
#include "core_fixture.h"

enum {
    BUDGET_MS = 600, /* after which no further life begins, once each table had one */
    STEPS = 100,
    INCIDENTS = 5, /* numbers that steps name; the last one is never declared */
    DECLARED_FIRST = 3,
    PEOPLE = 4,
    CLOSED = 60,
};

static const char ROWS[] =
    "{'priorities':[{'name':'P1','value':1,'needs_postmortem':true,'default':true},"
    "{'name':'P3','value':3},{'name':'P4','value':4}],"
    "'environments':[{'value':'PRD','name':'Prod'},{'value':'STG','name':'Stg','order':1}],"
    "'groups':[{'name':'Shop','categories':[{'name':'Payment'},{'name':'Search'}]}],"
    "'roles':[{'slug':'commander','name':'C','required':true},{'slug':'scribe','name':'S'}],"
    "'milestones':[{'event_type':'started','name':'Started','required':true},"
    "{'event_type':'detected','name':'Detected','required':true},"
    "{'event_type':'declared','name':'Declared','required':true,'user_editable':false},"
    "{'event_type':'recovered','name':'Recovered','required':true},"
    "{'event_type':'resolved','name':'Resolved','user_editable':false},"
    "{'event_type':'mitigated','name':'Mitigated','user_editable':false}],"
    "'metrics':[{'type':'ttd','code':'TTD','name':'d','start':'started','end':'detected'},"
    "{'type':'tta','code':'TTA','name':'a','start':'started','end':'declared'},"
    "{'type':'ttrep','code':'TTRep','name':'r','start':'declared','end':'mitigated'},"
    "{'type':'ttf','code':'TTF','name':'f','start':'declared','end':'recovered'},"
    "{'type':'ttrec','code':'TTRec','name':'c','start':'started','end':'recovered'},"
    "{'type':'ttresp','code':'TTResp','name':'s','start':'detected','end':'recovered'},"
    "{'type':'ttreso','code':'TTReso','name':'o','start':'started','end':'resolved'}],"
    "'impacts':[{'value':'shop','name':'Shop','levels':[{'value':'HT','name':'High'},"
    "{'value':'NO','name':'None'}]}],'cost_types':[{'name':'Sales','default':true}]}";

/* The tables once more, by hand: without and with a post-mortem, from a row's status to its columns'
 * (Open to Closed). Lives take turns with the shipped ones and an operator's. */
static const struct {
    const char *config;
    const char *ways[2][6];
} TABLES[] = {
    { "{'lifecycle':{}}",
      { { "010001", "001001", "000100", "011001", "011001", "011000" },
        { "010001", "001001", "000100", "011010", "011001", "011010" } } },
    { "{'lifecycle':{'key_events_below':2,'transitions':{'normal':{'open':['mitigated','closed'],"
      "'mitigating':['mitigated','closed'],'closed':[]},'postmortem':{'mitigated':['postmortem',"
      "'closed'],'postmortem':['closed']}}}}",
      { { "000101", "001001", "000101", "011001", "011001", "000000" },
        { "010001", "001001", "000100", "000011", "000001", "011010" } } },
};
enum { TABLE_COUNT = sizeof(TABLES) / sizeof(TABLES[0]) };

struct life {
    struct fixture *fixture;
    uint32_t seed, random;
    int step;
    char people[PEOPLE][40];
    char op[40], args[600];
};

static uint32_t upto(struct life *life, uint32_t limit)
{
    life->random ^= life->random << 13;
    life->random ^= life->random >> 17;
    life->random ^= life->random << 5;
    return life->random % limit;
}

static const char *pick(struct life *life, const char *const *words)
{
    uint32_t count = 0;
    while (words[count])
        count++;
    return words[upto(life, count)];
}

/* ---- what a step may be: JSON with ' for ", "%" for what is chosen */

static const char *const PRIORITIES[] = { "P1", "P3", "P4", "P1", "P9", NULL };
static const char *const PLACES[] = { "PRD", "STG", "PRD", NULL };
static const char *const REASONS[] = { ",'closure_reason':'duplicate'",
                                       ",'closure_reason':'cancelled','closure_reference':'#1'",
                                       ",'closure_reason':'resolved'",
                                       ",'closure_reason':'boredom'",
                                       "",
                                       "",
                                       NULL };
static const char *const MESSAGES[] = { "", ",'message':'because it has to be'",
                                        ",'message':'it is back again'", NULL };
static const char *const WORDS[] = {
    "", "", "", ",'event_type':'detected'", ",'event_type':'sync'", ",'event_type':'declared'", NULL
};
static const char *const MARKS[] = {
    "", "", "", "", ",'drill':true", ",'drill':false", ",'ignore':false", NULL
};
static const char *const MOMENTS[] = { "started", "detected", "recovered", "declared", NULL };
static const char *const SETS[] = { "", "", ",'environments':['STG','PRD']",
                                    ",'environments':['STG']", NULL };
static const char *const SETTINGS[] = { "'tags':['a','B']", "'tags':['b']", "'tags':[]", NULL };
static const char *const ROLES[] = { "commander", "scribe", "scribe", "cook", NULL };

#define SAY(...) snprintf(life->args, sizeof(life->args), __VA_ARGS__)

static int id_of(struct life *life)
{
    return upto(life, 30) ? (int)upto(life, INCIDENTS - 1) + 1 : INCIDENTS;
}

static void to_declare(struct life *life)
{
    SAY("{'title':'It is broken','description':'d','category':'Payment','priority':'%s',"
        "'environment':'%s','created_by':'%s','drill':%s,'ignore':%s%s}",
        pick(life, PRIORITIES), pick(life, PLACES), life->people[upto(life, PEOPLE)],
        upto(life, 8) ? "false" : "true", upto(life, 12) ? "false" : "true",
        upto(life, 3) ? "" : ",'dedup_key':'alert'");
}

static void to_update(struct life *life)
{
    SAY("{'id':%d,'status':%d%s%s%s%s}", id_of(life), ((int)upto(life, 7) + 1) * 10,
        pick(life, MESSAGES), pick(life, REASONS), pick(life, WORDS), pick(life, MARKS));
}

/* One status on from where it is, as most incidents go. */
static void to_advance(struct life *life)
{
    int id = id_of(life);
    char sql[80];
    snprintf(sql, sizeof(sql), "SELECT status + 10 FROM incident WHERE id = %d", id);
    SAY("{'id':%d,'status':%d%s%s}", id, (int)count(life->fixture, sql), pick(life, WORDS),
        pick(life, MARKS));
}

static void to_edit(struct life *life)
{
    SAY("{'id':%d,'priority':'%s','environment':'%s','category':'%s','title':'Title %u'%s%s}",
        id_of(life), pick(life, PRIORITIES), pick(life, PLACES),
        upto(life, 2) ? "Payment" : "Search", upto(life, 3), pick(life, MARKS), pick(life, WORDS));
}

static void to_move(struct life *life)
{
    SAY("{'id':%d%s%s}", id_of(life), pick(life, SETS), pick(life, MARKS));
}

static void to_close(struct life *life)
{
    SAY("{'id':%d%s%s}", id_of(life), pick(life, REASONS), pick(life, MESSAGES));
}

static void to_reopen(struct life *life)
{
    SAY("{'id':%d%s%s}", id_of(life), pick(life, MESSAGES), upto(life, 4) ? "" : ",'status':50");
}

static void to_downgrade(struct life *life)
{
    SAY("{'id':%d}", id_of(life));
}

static void to_merge(struct life *life)
{
    SAY("{'id':%d,'into':%d}", id_of(life), id_of(life));
}

static void to_key_events(struct life *life)
{
    int id = id_of(life);
    if (upto(life, 4))
        SAY("{'id':%d,'key_events':{'started':%u,'detected':%u,'recovered':%u}}", id,
            upto(life, 900) + 1, upto(life, 900) + 1, upto(life, 900) + 1);
    else
        SAY("{'id':%d,'key_events':{'%s':null}}", id, pick(life, MOMENTS));
}

static void to_roles(struct life *life)
{
    const char *one = life->people[upto(life, PEOPLE)], *other = life->people[upto(life, PEOPLE)];
    int id = id_of(life);
    if (upto(life, 3))
        SAY("{'id':%d,'roles':{'%s':['%s','%s']}}", id, pick(life, ROLES), one, other);
    else
        SAY("{'id':%d,'roles':{'%s':null}}", id, pick(life, ROLES));
}

static void to_member(struct life *life)
{
    SAY("{'id':%d,'person_id':'%s'}", id_of(life), life->people[upto(life, PEOPLE)]);
}

static void to_tags(struct life *life)
{
    SAY("{'id':%d,%s}", id_of(life), pick(life, SETTINGS));
}

static void to_impacts(struct life *life)
{
    SAY("{'id':%d,'impacts':{'shop':%s}}", id_of(life), upto(life, 3) ? "'HT'" : "null");
}

static void to_fields(struct life *life)
{
    SAY("{'id':%d,'custom_fields':{'team':'%u'}}", id_of(life), upto(life, 2));
}

static void to_attach(struct life *life)
{
    SAY("{'incident_id':%d,'kind':'postmortem','provider':'wiki','is_ready':%s}", id_of(life),
        upto(life, 2) ? "true" : "false");
}

static void to_cost(struct life *life)
{
    SAY("{'incident_id':%d,'amount':'%u.50'}", id_of(life), upto(life, 90));
}

static const struct {
    const char *op;
    void (*choose)(struct life *life);
    int weight;
    bool adds; /* saying it again adds again */
} KINDS[] = {
    { "incident.declare", to_declare, 2, true },
    { "incident.update", to_update, 15, false },
    { "incident.update", to_advance, 20, false },
    { "incident.update", to_edit, 8, false },
    { "incident.update", to_move, 3, false },
    { "incident.close", to_close, 8, false },
    { "incident.reopen", to_reopen, 8, false },
    { "incident.downgrade", to_downgrade, 1, false },
    { "incident.merge", to_merge, 3, false },
    { "incident.set_key_events", to_key_events, 8, false },
    { "incident.set_roles", to_roles, 6, false },
    { "incident.add_member", to_member, 2, false },
    { "incident.remove_member", to_member, 2, false },
    { "incident.set_tags", to_tags, 3, false },
    { "incident.set_impacts", to_impacts, 2, false },
    { "incident.set_custom_fields", to_fields, 2, false },
    { "attachment.save", to_attach, 2, false },
    { "cost.add", to_cost, 1, true },
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

static int choose_kind(struct life *life)
{
    int total = 0, at = 0;
    for (int i = 0; i < KIND_COUNT; i++)
        total += KINDS[i].weight;
    for (int left = (int)upto(life, (uint32_t)total); left >= KINDS[at].weight; at++)
        left -= KINDS[at].weight;
    snprintf(life->op, sizeof(life->op), "%s", KINDS[at].op);
    KINDS[at].choose(life);
    return at;
}

/* ---- what must hold after every step */

static void check(struct life *life, bool holds, const char *what)
{
    if (!holds)
        fail_msg("PROPERTY_SEED=%u, step %d, %s %s: %s (%s)", life->seed, life->step, life->op,
                 life->args, what, life->fixture->err.msg);
}

/* How much there is to be read of what was done. */
static int64_t traces(struct life *life)
{
    return count(life->fixture,
                 "SELECT (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM event) * 1000000 +"
                 " (SELECT COUNT(*) FROM incident_update) * 1000000000000");
}

static const char TRACES_OF_CHANGES[] =
    "SELECT (SELECT COUNT(*) FROM audit) * 1000000 + (SELECT COUNT(*) FROM event)";

static const struct {
    const char *says;
    const char *violations; /* SQL that counts them */
} PROPERTIES[] = {
    { "closed_at is there exactly while it is closed",
      "SELECT COUNT(*) FROM incident WHERE (status = 60) <> (closed_at_ms IS NOT NULL)" },
    { "mitigated_at is there once it was mitigated",
      "SELECT COUNT(*) FROM incident i WHERE mitigated_at_ms IS NULL AND EXISTS (SELECT 1 FROM"
      " incident_update u WHERE u.incident_id = i.id AND u.status = 40)" },
    { "a closure reason is for the closed",
      "SELECT COUNT(*) FROM incident WHERE status <> 60 AND (closure_reason IS NOT NULL OR"
      " closure_reference <> '')" },
    { "every closing is told once",
      "SELECT COUNT(*) FROM incident i WHERE (SELECT COUNT(*) FROM incident_update u WHERE"
      " u.incident_id = i.id AND u.status = 60) <> (SELECT COUNT(*) FROM event e WHERE"
      " e.incident_id = i.id AND e.kind = 'incident.closed')" },
    { "every record of a step is told once",
      "SELECT (SELECT COUNT(*) FROM audit WHERE action = 'incident.update') <> (SELECT COUNT(*)"
      " FROM event WHERE kind = 'incident.updated')" },
    { "one open incident a de-duplication key",
      "SELECT COUNT(*) FROM (SELECT 1 FROM incident WHERE status <= 40 AND dedup_key IS NOT NULL"
      " GROUP BY dedup_key HAVING COUNT(*) > 1)" },
    { "a duplicate is closed, and its original is no duplicate",
      "SELECT COUNT(*) FROM incident i JOIN incident o ON o.id = i.duplicate_of WHERE i.status <>"
      " 60 OR o.duplicate_of IS NOT NULL" },
    { "a required role is held",
      "SELECT COUNT(*) FROM incident i WHERE NOT EXISTS (SELECT 1 FROM incident_role r JOIN"
      " role_type t ON t.id = r.role_type_id WHERE r.incident_id = i.id AND t.slug ="
      " 'commander')" },
    { "no record of the timeline is empty", "SELECT COUNT(*) FROM incident_update WHERE message IS "
                                            "NULL AND status IS NULL AND priority_id"
                                            " IS NULL AND category_id IS NULL AND environment_id "
                                            "IS NULL AND title IS NULL AND description"
                                            " IS NULL AND roles IS NULL AND event_type IS NULL" },
    { "the timeline leads to the row",
      "SELECT COUNT(*) FROM incident i WHERE"
      " (SELECT status FROM incident_update u WHERE u.incident_id = i.id AND status IS NOT NULL"
      " ORDER BY rowid DESC LIMIT 1) <> i.status OR"
      " (SELECT priority_id FROM incident_update u WHERE u.incident_id = i.id AND priority_id IS"
      " NOT NULL ORDER BY rowid DESC LIMIT 1) <> i.priority_id OR"
      " (SELECT category_id FROM incident_update u WHERE u.incident_id = i.id AND category_id IS"
      " NOT NULL ORDER BY rowid DESC LIMIT 1) <> i.category_id OR"
      " (SELECT environment_id FROM incident_update u WHERE u.incident_id = i.id AND"
      " environment_id IS NOT NULL ORDER BY rowid DESC LIMIT 1) <> i.environment_id OR"
      " (SELECT title FROM incident_update u WHERE u.incident_id = i.id AND title IS NOT NULL"
      " ORDER BY rowid DESC LIMIT 1) <> i.title" },
    { "the audit log leads to the row",
      "WITH told AS (SELECT * FROM audit WHERE action IN ('incident.declare', 'incident.update'))"
      " SELECT COUNT(*) FROM incident i WHERE"
      " (SELECT after ->> '$.status' FROM told a WHERE a.incident_id = i.id AND after ->>"
      " '$.status' IS NOT NULL ORDER BY id DESC LIMIT 1) <> i.status OR"
      " (SELECT after ->> '$.is_drill' FROM told a WHERE a.incident_id = i.id AND after ->>"
      " '$.is_drill' IS NOT NULL ORDER BY id DESC LIMIT 1) <> i.is_drill OR"
      " (SELECT after ->> '$.is_ignored' FROM told a WHERE a.incident_id = i.id AND after ->>"
      " '$.is_ignored' IS NOT NULL ORDER BY id DESC LIMIT 1) <> i.is_ignored OR"
      " (SELECT after ->> '$.response_type' FROM told a WHERE a.incident_id = i.id AND after ->>"
      " '$.response_type' IS NOT NULL ORDER BY id DESC LIMIT 1) <> i.response_type" },
    { "the timeline's roles are those that are held",
      "WITH said AS (SELECT u.incident_id, j.key AS slug, j.type, j.value, ROW_NUMBER() OVER"
      " (PARTITION BY u.incident_id, j.key ORDER BY u.rowid DESC) AS age FROM incident_update u,"
      " json_each(u.roles) j), told AS (SELECT s.incident_id, s.slug, p.value FROM said s,"
      " json_each(CASE s.type WHEN 'array' THEN s.value ELSE json_array(s.value) END) p WHERE"
      " s.age = 1 AND s.type <> 'null'), held AS (SELECT r.incident_id, t.slug, r.person_id FROM"
      " incident_role r JOIN role_type t ON t.id = r.role_type_id) SELECT (SELECT COUNT(*) FROM"
      " (SELECT * FROM told EXCEPT SELECT * FROM held)) + (SELECT COUNT(*) FROM (SELECT * FROM"
      " held EXCEPT SELECT * FROM told))" },
    { "the metrics are what the timeline gives",
      "WITH last AS (SELECT incident_id, event_type, event_at_ms AS at FROM incident_update u"
      " WHERE event_type IS NOT NULL AND NOT EXISTS (SELECT 1 FROM incident_update v WHERE"
      " v.incident_id = u.incident_id AND v.event_type = u.event_type AND (v.event_at_ms, v.rowid)"
      " > (u.event_at_ms, u.rowid))), wanted AS (SELECT i.id, m.id, e.at - s.at FROM incident i,"
      " metric_type m, last s, last e WHERE i.is_drill = 0 AND s.incident_id = i.id AND"
      " e.incident_id = i.id AND s.event_type = m.milestone_start AND e.event_type ="
      " m.milestone_end AND e.at >= s.at), kept AS (SELECT incident_id, metric_type_id,"
      " duration_ms FROM incident_metric) SELECT (SELECT COUNT(*) FROM (SELECT * FROM wanted"
      " EXCEPT SELECT * FROM kept)) + (SELECT COUNT(*) FROM (SELECT * FROM kept EXCEPT SELECT *"
      " FROM wanted))" },
};

static void check_properties(struct life *life)
{
    for (size_t i = 0; i < sizeof(PROPERTIES) / sizeof(PROPERTIES[0]); i++)
        check(life, count(life->fixture, PROPERTIES[i].violations) == 0, PROPERTIES[i].says);
}

/* Where incident <id> stands, or NULL; caller frees. */
static json_t *look(struct life *life, int id)
{
    json_t *args = json_pack("{s:i}", "id", id);
    return run_json(life->fixture, NULL, "incident.get", args);
}

static void check_way(struct life *life, json_t *before, json_t *after)
{
    if (!before || !after)
        return;
    int from = (int)int_at(before, "status"), to = (int)int_at(after, "status");
    const char *const(*ways)[6] = TABLES[life->seed % TABLE_COUNT].ways;
    bool with_postmortem = strcmp(text_at(after, "priority.name"), "P1") == 0 &&
                           strcmp(text_at(after, "environment.value"), "PRD") == 0;
    bool is_let_go = to == CLOSED && bool_at(after, "is_ignored");
    check(life, from == to || is_let_go || ways[with_postmortem][from / 10 - 1][to / 10 - 1] == '1',
          "the table has no such way");
    int64_t mitigated_at_ms = json_integer_value(at(before, "mitigated_at_ms"));
    check(life,
          !mitigated_at_ms || mitigated_at_ms == json_integer_value(at(after, "mitigated_at_ms")),
          "mitigated_at was written twice");
}

/* Every step is taken twice: the second time changes nothing more. */
static void check_again(struct life *life)
{
    int64_t before = count(life->fixture, TRACES_OF_CHANGES);
    json_decref(run_as(life->fixture, NULL, life->op, life->args));
    check(life, count(life->fixture, TRACES_OF_CHANGES) == before, "the same again was a change");
}

static void take_step(struct life *life)
{
    json_t *before[INCIDENTS + 1], *after;
    int kind = choose_kind(life);
    for (int id = 1; id <= INCIDENTS; id++)
        before[id] = look(life, id);
    int64_t left = traces(life);
    json_t *answer = count(life->fixture, "SELECT COUNT(*) FROM incident") >= INCIDENTS - 1 &&
                             KINDS[kind].choose == to_declare
                         ? NULL
                         : run_as(life->fixture, NULL, life->op, life->args);
    check(life, answer || traces(life) == left, "what was refused left traces");
    bool says_something = strstr(life->args, "'message'") != NULL;
    for (int id = 1; id <= INCIDENTS; id++) {
        after = look(life, id);
        check(life, answer || json_equal(before[id], after) || (!before[id] && !after),
              "what was refused changed the incident");
        check_way(life, before[id], after);
        json_decref(before[id]);
        json_decref(after);
    }
    if (answer && !KINDS[kind].adds && !says_something)
        check_again(life);
    json_decref(answer);
}

static void no_problem(void *arg, const char *problem)
{
    check(arg, false, problem);
}

/* What `halligan verify` looks at. */
static void check_verified(struct life *life)
{
    struct err err = { 0 };
    json_t *audit = run(life->fixture, "audit.verify", "{}");
    check(life, bool_at(audit, "is_intact"), "the audit log is not whole");
    json_decref(audit);
    assert_int_equal(db_check(life->fixture->db, no_problem, life, &err), OK);
}

static void live(struct fixture *fixture, uint32_t seed)
{
    static const char *const NAMES[PEOPLE] = { "ada", "ben", "eve", "kim" };
    struct life life = { .fixture = fixture, .seed = seed, .random = seed * 2654435761u + 1 };
    for (int i = 0; i < PEOPLE; i++)
        add_person(fixture, NAMES[i], life.people[i]);
    while (count(fixture, "SELECT COUNT(*) FROM incident") < DECLARED_FIRST) {
        to_declare(&life);
        json_decref(run_as(fixture, NULL, "incident.declare", life.args));
    }
    for (life.step = 0; life.step < STEPS; life.step++) {
        take_step(&life);
        if (life.step % 10 == 0)
            check_properties(&life);
    }
    check_properties(&life);
    check_verified(&life);
}

/* ---- lives one after another, each in a database of its own */

static void random_lives_keep_every_property(void **state)
{
    const char *given = getenv("PROPERTY_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 1;
    int64_t begin_ms = clock_mono_ms();
    do {
        setup_empty(state);
        run_quietly(*state, "reference.reconcile", ROWS);
        run_quietly(*state, "reference.reconcile", TABLES[seed % TABLE_COUNT].config);
        print_message("life with PROPERTY_SEED=%u\n", seed);
        live(*state, seed++);
        teardown(state);
    } while (!given && (seed <= TABLE_COUNT || clock_mono_ms() - begin_ms < BUDGET_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_lives_keep_every_property) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
