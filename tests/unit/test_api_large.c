/* Lists of thousands of incidents: what they answer, and that they are read by an index. */
#include "api/api_internal.h"
#include "api/incident_filter.h"
#include "api_fixture.h"

#include <stdlib.h>

enum { COUNT = 5000 };

static const char FILL_PEOPLE[] =
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20)"
    " INSERT INTO person (id, username, email, name, created_at_ms, updated_at_ms)"
    " SELECT printf('bbbbbbbb-0000-4000-8000-%012d', n), 'user' || (99 - n), n || '@x', 'P', 0, 0"
    " FROM s";
/* The newest are open. Titles come in another order than numbers, many twice; every word "shop" is found. */
static const char FILL_INCIDENTS[] =
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5000)"
    " INSERT INTO incident (id, title, description, status, priority_id, category_id,"
    " environment_id, created_by, is_private, is_ignored, created_at_ms, updated_at_ms)"
    " SELECT n, 'shop ' || (n * 7919 % 2500), CASE WHEN n % 50 = 0 THEN 'rare shop' ELSE 'x' END,"
    " CASE WHEN n > 4960 THEN 10 + n % 5 * 10 ELSE 60 END, 'p' || (1 + n % 2), 'c' || (1 + n % 2),"
    " CASE WHEN n % 3 = 0 THEN 'stg' ELSE 'prd' END,"
    " printf('bbbbbbbb-0000-4000-8000-%012d', 1 + n % 20), n % 100 = 0, n % 70 = 0, n * 1000, 0"
    " FROM s";
static const char FILL_WORDS[] = "INSERT INTO incident_fts (incident_fts) VALUES ('rebuild')";

static void fill(struct fixture *fixture)
{
    sql(fixture, FILL_PEOPLE);
    sql(fixture, FILL_INCIDENTS);
    sql(fixture, FILL_WORDS);
}

struct expected {
    const char *select; /* without what a plain key may not see */
    char *ids;
};

static int read_expected(struct tx *tx, void *arg, struct err *err)
{
    struct expected *expected = arg;
    AUTO_BUF struct buf ids = BUF_INIT;
    struct stmt *stmt = tx_query_values(tx, err, expected->select, NULL, 0);
    int rc = stmt ? OK : err->code;
    while (rc >= 0 && (rc = stmt_next(stmt, err)) == DB_ROW)
        buf_printf(&ids, "%" PRId64 "\r\n", stmt_int(stmt, 0));
    stmt_end(stmt);
    expected->ids = buf_take(&ids, NULL);
    return rc;
}

/* The whole list, chunk by chunk, is what the statement gives; likewise its first page. */
static void assert_ids(struct fixture *fixture, const char *query, const char *select)
{
    struct err err = { 0 };
    struct expected expected = { .select = select };
    char path[300];
    if (db_read_now(fixture->engine.db, read_expected, &expected, &err) != OK)
        fail_msg("%s: %s", select, err.msg);
    snprintf(path, sizeof(path), API "incidents.csv?fields=id&labels=__hidden__&%s", query);
    get(fixture, path, fixture->reader);
    assert_int_equal(fixture->status, 200);
    if (strcmp(fixture->answer, expected.ids))
        fail_msg("%s gives\n%.200s... and not\n%.200s...", query, fixture->answer, expected.ids);
    snprintf(path, sizeof(path), API "incidents/?limit=60&%s", query);
    get(fixture, path, fixture->reader);
    assert_int_equal(fixture->status, 200);
    const char *at = fixture->answer;
    const char *wanted = expected.ids;
    for (int i = 0; i < 60 && *wanted; i++, wanted = strchr(wanted, '\n') + 1) {
        at = strstr(at, "{\"id\":");
        while (at && strncmp(at + 6, wanted, strcspn(wanted, "\r")))
            at = strstr(at + 1, "{\"id\":");
        if (!at)
            fail_msg("%s: the first page lacks %.10s", query, wanted);
    }
    free(expected.ids);
}

#define SELECT(condition, order) \
    "SELECT id FROM incident WHERE is_private = 0" condition " ORDER BY " order
#define NEWEST(condition) SELECT(condition, "id DESC")

static void every_filter_answers_what_it_says(void **state)
{
    static const char *const ASKED[][2] = {
        { "status=10&status=20", NEWEST(" AND status IN (10, 20)") },
        { "status=60&_status__lt=60", NEWEST(" AND 0") },
        { "status=60&status=50&_status__gt=40", NEWEST(" AND status IN (60, 50)") },
        { "_status__lt=60", NEWEST(" AND status < 60") },
        { "_status__gte=20&_status__lte=40", NEWEST(" AND status BETWEEN 20 AND 40") },
        { "_status__gt=15.5&status=20", NEWEST(" AND status = 20") },
        { "environment=stg&priority=p2",
          NEWEST(" AND environment_id = 'stg' AND priority_id = 'p2'") },
        { "priority=p1&priority=p2", NEWEST("") },
        { "group=g1", NEWEST("") },
        { "group=g1&incident_category=c2&status=20",
          NEWEST(" AND category_id = 'c2' AND status = 20") },
        { "environment__value__in=STG,INT&ignore=true",
          NEWEST(" AND environment_id = 'stg' AND is_ignored") },
        { "created_by=bbbbbbbb-0000-4000-8000-000000000007&priority=p1",
          NEWEST(" AND created_by LIKE '%0007' AND priority_id = 'p1'") },
        { "created_at__gte=1970-01-01T00:10:00Z&created_at__lt=1970-01-01T00:20:00Z",
          NEWEST(" AND created_at_ms >= 600000 AND created_at_ms < 1200000") },
        { "created_at__gt=1970-01-01T00:10:00Z&created_at__lte=1970-01-01T01:00:00Z&priority=p2",
          NEWEST(
              " AND created_at_ms > 600000 AND created_at_ms <= 3600000 AND priority_id = 'p2'") },
        { "created_at=1970", NEWEST("") },
        { "created_at=1971", NEWEST(" AND 0") },
        { "id__lt=40&created_at__gte=1970-01-01T00:00:10Z", NEWEST(" AND id BETWEEN 10 AND 39") },
    };
    struct fixture *fixture = *state;
    fill(fixture);
    for (size_t i = 0; i < sizeof(ASKED) / sizeof(*ASKED); i++)
        assert_ids(fixture, ASKED[i][0], ASKED[i][1]);
}

#define USERNAME "(SELECT username FROM person WHERE id = created_by)"
#define POSITION "(SELECT position FROM priority WHERE id = priority_id)"

static void every_order_is_kept_to_the_end(void **state)
{
    static const char *const ASKED[][2] = {
        { "order_by=title", SELECT("", "title, id DESC") },
        { "order_by=-title,id", SELECT("", "title DESC, id") },
        { "order_by=priority", SELECT("", POSITION ", id DESC") },
        { "order_by=-priority,title", SELECT("", POSITION " DESC, title, id DESC") },
        { "order_by=created_by", SELECT("", USERNAME ", id DESC") },
        { "order_by=-created_by,-priority,id",
          SELECT("", USERNAME " DESC, " POSITION " DESC, id") },
        { "order_by=created_at&status=10", SELECT(" AND status = 10", "created_at_ms, id DESC") },
        { "order_by=title&_status__lt=60", SELECT(" AND status < 60", "title, id DESC") },
        { "order_by=priority&environment=stg",
          SELECT(" AND environment_id = 'stg'", POSITION ", id DESC") },
        { "order_by=-id", NEWEST("") },
        { "order_by=id", SELECT("", "id") },
    };
    struct fixture *fixture = *state;
    fill(fixture);
    for (size_t i = 0; i < sizeof(ASKED) / sizeof(*ASKED); i++)
        assert_ids(fixture, ASKED[i][0], ASKED[i][1]);
    sql(fixture, "UPDATE priority SET position = 5");
    assert_ids(fixture, "order_by=priority", NEWEST(""));
}

/* Of 5000 matches the newest are compared with each other; none is lost, and none comes twice. */
static void a_common_word_finds_all_newest_first(void **state)
{
    static char seen[COUNT + 1];
    struct fixture *fixture = *state;
    int count = 0;
    int newest = 0;
    fill(fixture);
    get(fixture, API "incidents.csv?fields=id&labels=__hidden__&search=shop", fixture->reader);
    memset(seen, 0, sizeof(seen));
    for (const char *at = fixture->answer; *at; at = strchr(at, '\n') + 1, count++) {
        int id = atoi(at);
        assert_in_range(id, 1, COUNT);
        assert_false(seen[id]++);
        newest += count < 1980 && id > COUNT - 2000;
    }
    assert_int_equal(count, COUNT - COUNT / 100);
    assert_int_equal(newest, 1980);
    get(fixture, API "incidents.csv?fields=id&labels=__hidden__&search=17", fixture->reader);
    assert_memory_equal(fixture->answer, "17\r\n", 4);
    get(fixture, API "incidents/?search=shop&status=20&limit=100", fixture->reader);
    for (const char *at = fixture->answer; (at = strstr(at, "\"status\":")); at++)
        assert_memory_equal(at, "\"status\":\"Investigating\"", 24);
}

struct plan {
    struct api_read read;
    struct buf text;
};

static int read_plan(struct tx *tx, void *arg, struct err *err)
{
    struct plan *plan = arg;
    struct incident_filter filter;
    AUTO_BUF struct buf explain = BUF_INIT;
    int rc = incident_filter_read(&filter, tx, &plan->read, NULL, err);
    if (rc == OK) {
        buf_printf(&explain, "EXPLAIN QUERY PLAN %s", filter.sql.data);
        struct stmt *stmt =
            tx_query_values(tx, err, explain.data, filter.values, filter.value_count);
        while (stmt && (rc = stmt_next(stmt, err)) == DB_ROW)
            buf_printf(&plan->text, "%s; ", stmt_text(stmt, 3));
        rc = stmt ? rc : err->code;
        stmt_end(stmt);
    }
    incident_filter_fini(&filter);
    return rc;
}

/* The plan that the store has for a list has <wanted> in it, and not <unwanted>. */
static void assert_plan(struct fixture *fixture, const char *query, const char *wanted,
                        const char *unwanted)
{
    struct plan plan = { .read.query = xstrdup(query),
                         .read.identity.sees_private = true,
                         .read.zone = fixture->api->zones->tz };
    struct err err = { 0 };
    if (db_read_now(fixture->engine.db, read_plan, &plan, &err) != OK)
        fail_msg("%s: %s", query, err.msg);
    if (!strstr(plan.text.data, wanted) || (unwanted && strstr(plan.text.data, unwanted)))
        fail_msg("%s is read by %s", query, plan.text.data);
    buf_fini(&plan.text);
    free(plan.read.query);
}

static void each_list_is_read_by_the_index_that_fits(void **state)
{
    static const char SORTED[] = "TEMP B-TREE FOR ORDER BY";
    struct fixture *fixture = *state;
    fill(fixture);
    assert_plan(fixture, "", "SCAN i; ", SORTED);
    assert_plan(fixture, "cursor=100", "SEARCH i USING INTEGER PRIMARY KEY (rowid<?)", SORTED);
    assert_plan(fixture, "_status__lt=60", "incident_status (status=?)", NULL);
    assert_plan(fixture, "_status__lt=60&cursor=100", "incident_status (status=?", NULL);
    assert_plan(fixture, "status=10&environment=prd&priority=p1", "incident_status (status=?)",
                NULL);
    assert_plan(fixture, "status=60", "SCAN i; ", SORTED);
    assert_plan(fixture, "environment=prd", "incident_environment (environment_id=?)", SORTED);
    assert_plan(fixture, "environment=prd&priority=p1", "incident_priority (priority_id=?)",
                SORTED);
    assert_plan(fixture, "incident_category=c1", "incident_category (category_id=?)", SORTED);
    assert_plan(fixture, "group=g1", "incident_category (category_id=?)", NULL);
    assert_plan(fixture, "created_by=bbbbbbbb-0000-4000-8000-000000000007&priority=p1",
                "incident_created_by (created_by=?)", SORTED);
    assert_plan(fixture, "created_by=bbbbbbbb-0000-4000-8000-000000000007&status=10",
                "incident_status (status=?)", NULL);
    assert_plan(fixture, "created_at__lt=1970-01-01T00:20:00Z",
                "incident_created_at (created_at_ms<?)", NULL);
    assert_plan(fixture, "created_at=1970", "SCAN i; ", SORTED);
    assert_plan(fixture, "order_by=title&environment=prd", "INDEX incident_title", SORTED);
    assert_plan(fixture, "order_by=-created_at", "INDEX incident_created_at", SORTED);
    assert_plan(fixture, "order_by=priority", "INDEX incident_priority (priority_id=?)",
                "TEMP B-TREE");
    assert_plan(fixture, "order_by=-created_by", "INDEX incident_created_by (created_by=?)",
                "TEMP B-TREE");
    assert_plan(fixture, "order_by=title&status=10", "incident_status (status=?)",
                "incident_title");
    assert_plan(fixture, "search=shop", "VIRTUAL TABLE", "SCAN i;");
    assert_plan(fixture, "search=shop&status=10", "incident_status (status=?)", "SCAN i;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_filter_answers_what_it_says, begin, end),
        cmocka_unit_test_setup_teardown(every_order_is_kept_to_the_end, begin, end),
        cmocka_unit_test_setup_teardown(a_common_word_finds_all_newest_first, begin, end),
        cmocka_unit_test_setup_teardown(each_list_is_read_by_the_index_that_fits, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
