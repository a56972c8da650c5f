/* generation: a set of scripts is taken over as a whole or not at all; and what its handlers answer
 * reaches the engine. */
#include "script_fixture.h"

#include "base/clock.h"
#include "base/inject.h"
#include "base/log.h"
#include "core/engine.h"
#include "core/job.h"
#include "core/op.h"
#include "loop/loop.h"
#include "lua/services.h"
#include "lua/task.h"
#include "net/router.h"
#include "net_talk.h"
#include "store/db.h"

enum { PATIENCE_MS = 8000 };

static struct engine engine;
static int changes; /* generations that took over */

/* ---- fixture: an engine without command line */

static void on_change(void *arg)
{
    (void)arg;
    changes++;
}

static void open_engine(void)
{
    struct err err;
    AUTO_FREE char *path = xasprintf("%s/test.db", root);
    engine = (struct engine){ .loop = loop_new(&err), .root = root, .config_path = config_path };
    struct db_options db = { .path = path, .loop = engine.loop };
    if (db_open(&db, &engine.db, &err) != OK)
        fail_msg("%s", err.msg);
    engine.router = router_new();
    struct generations_options options = { .root = root, .config_path = config_path };
    engine.generations = generations_new(&engine, &options, &err);
    generations_on_change(engine.generations, on_change, NULL);
    engine.jobs = jobs_new(&engine, generations_run_job, engine.generations);
    struct http_server_options server = { .listen = "127.0.0.1:0" };
    engine.server = http_server_new(engine.loop, &server, router_handle, engine.router, &err);
    assert_non_null(engine.server);
    changes = 0;
}

static void close_engine(void)
{
    jobs_close(engine.jobs);
    http_server_free(engine.server);
    generations_free(engine.generations);
    db_close(engine.db);
    loop_free(engine.loop);
    router_free(engine.router);
    jobs_free(engine.jobs);
}

static int set_up(void **context)
{
    (void)context;
    log_configure(LOG_ERROR_LEVEL, false);
    make_root();
    open_engine();
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    close_engine();
    remove_root();
    return 0;
}

static int start_rc(struct err *err)
{
    int rc = generations_start(engine.generations, err);
    if (rc == OK)
        rc = jobs_start(engine.jobs, err);
    return rc;
}

static void start(void)
{
    struct err err;
    if (start_rc(&err) != OK)
        fail_msg("%s", err.msg);
}

static bool (*wanted)(void);
static int64_t give_up_at_ms;

static void look(void *arg)
{
    if (wanted() || clock_mono_ms() > give_up_at_ms)
        loop_stop(engine.loop);
    else
        loop_timer(engine.loop, 2, look, arg);
}

static void run_until(bool (*condition)(void), const char *what)
{
    wanted = condition;
    give_up_at_ms = clock_mono_ms() + PATIENCE_MS;
    look(NULL);
    loop_run(engine.loop);
    if (!condition())
        fail_msg("%s: not in %d ms", what, PATIENCE_MS);
}

/* The body of the answer to GET <path>; static. */
static const char *get(const char *path)
{
    static char body[4096];
    AUTO_FREE char *request =
        xasprintf("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    struct talk talk = { .send = request };
    talk_all(engine.loop, http_server_port(engine.server), &talk, 1);
    const char *end = strstr(buf_text(&talk.got), "\r\n\r\n");
    snprintf(body, sizeof(body), "%.3s %s", buf_text(&talk.got) + (talk.got.len > 12 ? 9 : 0),
             end ? end + 4 : "");
    buf_fini(&talk.got);
    return body;
}

/* The answer of an operation; caller frees. */
static json_t *ask(const char *op, json_t *args)
{
    AUTO_BUF struct buf answer = BUF_INIT;
    struct err err;
    if (op_run_now(engine.db, op, args, NULL, &answer, &err) != OK)
        fail_msg("%s: %s", op, err.msg);
    return json_loadb(buf_text(&answer), answer.len, JSON_DECODE_ANY, NULL);
}

static struct generations_status status(void)
{
    struct generations_status out;
    generations_status(engine.generations, &out);
    return out;
}

#define PAGE(name, answer)                                                   \
    "return { about = 'A page', routes = { { method = 'GET', path = '/" name \
    "', access = 'loopback',"                                                \
    " about = 'Answers', handler = function(request) " answer " end } } }"

/* ---- shapes */

static void assert_refused(const char *path, const char *text, const char *wanted_report)
{
    AUTO_BUF struct buf report = BUF_INIT;
    struct err err;
    bool is_ok;
    write_script(path, text);
    assert_int_equal(generations_check(root, config_path, &report, &is_ok, &err), OK);
    if (strcmp(buf_text(&report), wanted_report) != 0)
        fail_msg("%s:\n%s\nreported:\n%swanted:\n%s", path, text, buf_text(&report), wanted_report);
    remove_script(path);
}

static void broken_files_are_named(void **context)
{
    (void)context;
    static const char X[] = "strategies/integrations/x.lua";
    assert_refused(X, "return {\n about = 'x',\n foo = 1 }",
                   "strategies/integrations/x.lua:3: unknown field `foo`\n");
    assert_refused(
        X, "local M = { about = 'x' }\nfunction M.on_redy() end\nreturn M",
        "strategies/integrations/x.lua:2: unknown field `on_redy` (did you mean `on_ready`?)\n");
    assert_refused(X,
                   "return { about = 'x', on = {\n ['team.noticed'] = function() end,\n"
                   " ['incident.creatd'] = function() end } }",
                   "strategies/integrations/x.lua:3: field `on`: no event is called "
                   "`incident.creatd` (did you mean "
                   "`incident.created`?)\n");
    assert_refused(X, "return { about = 5 }",
                   "strategies/integrations/x.lua:1: field `about`: expected string, got number\n");
    assert_refused(X, "return { }", "strategies/integrations/x.lua:1: field `about` is missing\n");
    assert_refused(X,
                   "local x = ", "strategies/integrations/x.lua:1: unexpected symbol near <eof>\n");
    assert_refused(X, "\nreturn foo", "strategies/integrations/x.lua:2: unknown global `foo`\n");
    assert_refused(
        X, "return 1",
        "strategies/integrations/x.lua:1: returns number; a file here returns its table\n");
    assert_refused(
        X, "while true do end",
        "strategies/integrations/x.lua:1: used more than 500 ms of CPU time at a stretch\n");
    assert_refused(X, "return { about = 'x',\n services = { beat = 1 } }",
                   "strategies/integrations/x.lua:2: field `services`: expected name = function, "
                   "got string = number\n");
    assert_refused(X, "return { about = 'x', on = { ['incident.created'] = 1 } }",
                   "strategies/integrations/x.lua:1: field `on`: expected event = function, got "
                   "string = number\n");
    assert_refused(X, "return { about = 'x', on = {}, touching = { ['a.b'] = { 'status' } } }",
                   "strategies/integrations/x.lua:1: field `touching`: expected event = list of "
                   "fields, of an event in `on`\n");
    assert_refused(X,
                   "return { about = 'x', on = { ['a.b'] = function() end },\n"
                   " touching = { ['a.b'] = { 1 } } }",
                   "strategies/integrations/x.lua:2: field `touching`: expected the name of a "
                   "field, got number\n");
    assert_refused(X,
                   "return { about = 'x', on = { ['a.b'] = function() end },\n"
                   " touching = { ['a.b'] = { 'status priority', setmetatable({}, { __len ="
                   " error }) } } }",
                   "strategies/integrations/x.lua:2: field `touching`: expected the name of a "
                   "field, got no word\n"
                   "strategies/integrations/x.lua:2: field `touching`: expected the name of a "
                   "field, got table\n");
    assert_refused(X, "return { about = 'x', tasks = { ['a.b'] = { run = function() end } } }",
                   "strategies/integrations/x.lua:1: field `tasks[\"a.b\"].about` is missing\n");
    assert_refused(
        X, "return { about = 'x', enabled = function(config) return config.none.x end }",
        "strategies/integrations/x.lua:1: attempt to index a nil value (field 'none')\n");
    assert_refused(X,
                   "return { about = 'x', on = { ['a.b'] = function()\n  pritn 'x'\n  y = 1\n"
                   "  return function() return zz end end } }",
                   "strategies/integrations/x.lua:4: unknown global `zz`\n"
                   "strategies/integrations/x.lua:2: unknown global `pritn`\n"
                   "strategies/integrations/x.lua:3: assignment to global `y` (write `local`)\n");
    assert_refused("strategies/mine.lua", "return {}",
                   "strategies/mine.lua:1: belongs into integrations/, invites/, schedules/ or "
                   "tags/ below strategies/\n");
    assert_refused("scripts/lib.lua", "return {",
                   "scripts/lib.lua:1: unexpected symbol near <eof>\n");
}

static void broken_routes_are_named(void **context)
{
    (void)context;
    static const char P[] = "scripts/pages/p.lua";
    assert_refused(P,
                   "return { about = 'x', routes = { { method = 'GET', path = 'p', access = "
                   "'loopback', about = '', handler ="
                   " print } } }",
                   "scripts/pages/p.lua:1: unknown global `print`\n");
    assert_refused(P,
                   "local h = function() end\nreturn { about = 'x', routes = {\n { method = 'GET', "
                   "path = 'p', access ="
                   " 'loopback', about = '', handler = h },\n { method = 'GET', path = '/p', "
                   "access = 'public', about = '', handler"
                   " = h } } }",
                   "scripts/pages/p.lua:3: field `routes[1].path`: must start with \"/\"\n"
                   "scripts/pages/p.lua:3: field `routes[2].access`: a page is \"loopback\"\n");
}

static void broken_schedules_and_tags_are_named(void **context)
{
    (void)context;
    assert_refused("strategies/schedules/s.lua",
                   "return { about = 'x', task = 'none', every = '1h' }",
                   "strategies/schedules/s.lua: there is no task \"none\"\n");
    assert_refused("strategies/schedules/s.lua",
                   "return { about = 'x', task = 'none',\n every = 'often' }",
                   "strategies/schedules/s.lua:2: field `every`: not a duration (write \"30s\", "
                   "\"5m\" or \"1h\")\n");
    assert_refused(
        "strategies/tags/t.lua", "return { about = 'x', tag = 't',\n applies_to = 'people' }",
        "strategies/tags/t.lua:2: field `applies_to`: must be \"conversation\" or \"usergroup\"\n");
    assert_refused(
        "strategies/invites/i.lua",
        "local http = require 'engine.http'\nreturn { about = 'x', invite = function() end }",
        "strategies/invites/i.lua:1: module \"engine.http\" is not available to invite "
        "strategies\n");
    assert_refused("strategies/invites/i.lua", "return { about = 'x' }",
                   "strategies/invites/i.lua:1: field `invite` is missing\n");
}

static void all_mistakes_are_named_at_once(void **context)
{
    (void)context;
    write_script("strategies/integrations/a.lua", "return { about = 1 }");
    write_script("scripts/lib.lua", "return (");
    assert_refused("config.lua", "return {",
                   "strategies/integrations/a.lua:1: field `about`: expected string, got number\n"
                   "config.lua:1: unexpected symbol near <eof>\n"
                   "scripts/lib.lua:1: unexpected symbol near <eof>\n");
}

/* ---- start and reload */

static void the_first_generation_writes_what_it_declares(void **context)
{
    (void)context;
    write_script(
        "strategies/integrations/x.lua",
        "return { about = 'x', order = 7, on = { ['incident.created'] = function() end } }");
    start();
    assert_int_equal(changes, 1);
    json_t *rows = ask("reference.list", json_pack("{ss}", "kind", "categories"));
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
    json_t *kept = ask("generation.last_good", NULL);
    assert_string_equal(json_string_value(json_object_get(kept, "hash")),
                        generations_hash(engine.generations));
    json_decref(kept);
    assert_string_equal(engine.base_url, "http://127.0.0.1:8080");
}

static bool has_changed_once(void)
{
    return changes == 1;
}

static bool has_changed_twice(void)
{
    return changes == 2;
}

static bool was_refused(void)
{
    return status().refused == 1;
}

static void a_saved_file_takes_over_and_running_tasks_finish(void **context)
{
    (void)context;
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'one' }"));
    write_script("scripts/pages/slow.lua",
                 PAGE("slow", "require('engine.task').sleep '400ms' return { body = 'old' }"));
    start();
    assert_string_equal(get("/p"), "200 one");
    struct talk talk = { .send =
                             "GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" };
    struct talk_thread thread = { engine.loop, &talk, 1, http_server_port(engine.server) };
    pthread_t id;
    assert_int_equal(pthread_create(&id, NULL, talk_thread_run, &thread), 0);
    usleep(50000);
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'two' }"));
    write_script("scripts/pages/slow.lua", PAGE("slow", "return { body = 'new' }"));
    generations_reload(engine.generations);
    run_until(has_changed_twice, "the new generation");
    assert_int_equal(status().live, 2);
    loop_run(engine.loop); /* the slow one stops it */
    pthread_join(id, NULL);
    assert_non_null(strstr(buf_text(&talk.got), "old"));
    buf_fini(&talk.got);
    assert_string_equal(get("/p"), "200 two");
    assert_string_equal(get("/slow"), "200 new");
    assert_int_equal(status().live, 1);
}

static void answer_own(const struct route_match *match, void *arg)
{
    (void)arg;
    http_reply(match->exchange, 200, "text/plain", "ours", 4);
}

/* The check of the files alone does not know what the engine itself answers to. */
static void a_route_of_the_engine_is_not_taken_over(void **context)
{
    (void)context;
    struct err err;
    const struct route own = { .method = "GET",
                               .pattern = "/own",
                               .access = ACCESS_PUBLIC,
                               .handler = answer_own,
                               .about = "ours" };
    assert_int_equal(router_add(engine.router, &own, &err), OK);
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'one' }"));
    start();
    write_script("scripts/pages/own.lua", PAGE("own", "return { body = 'theirs' }"));
    generations_reload(engine.generations);
    run_until(was_refused, "the refusal");
    assert_string_equal(status().error, "scripts/pages/own.lua:1: GET /own is taken by /own\n");
    assert_int_equal(changes, 1);
    assert_string_equal(get("/own"), "200 ours");
    assert_string_equal(get("/p"), "200 one");
}

enum { WAITING = 6 };
static int wanted_exchanges, wanted_changes;

static bool has_exchanges(void)
{
    return http_server_open_exchanges(engine.server) == wanted_exchanges;
}

static bool has_changes(void)
{
    return changes == wanted_changes;
}

static bool has_few_generations(void)
{
    return status().live <= 4;
}

/* Each reload leaves a request behind that waits for long: memory has its bounds all the same. */
static void only_so_many_old_generations_are_kept(void **context)
{
    (void)context;
    static const char request[] = "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fds[WAITING];
    write_script("scripts/pages/p.lua", PAGE("slow", "require('engine.task').sleep '1h'"));
    start();
    for (int i = 0; i < WAITING; i++) {
        AUTO_FREE char *text = xasprintf("return { about = 'number %d' }", i);
        fds[i] = talk_connect(http_server_port(engine.server));
        assert_int_equal(send(fds[i], request, sizeof(request) - 1, 0), sizeof(request) - 1);
        wanted_exchanges = http_server_open_exchanges(engine.server) + 1;
        run_until(has_exchanges, "a request that waits");
        write_script("strategies/integrations/x.lua", text);
        generations_reload(engine.generations);
        wanted_changes = i + 2;
        run_until(has_changes, "the next generation");
    }
    run_until(has_few_generations, "the end of the oldest ones");
    assert_int_equal(status().live, 4);
    for (int i = 0; i < WAITING; i++)
        close(fds[i]);
}

/* ---- services */

#define SERVICE(name, body) \
    "return { about = 'x', services = { " name " = function(ctx) " body " end } }\n"
#define FOREVER "require('engine.task').sleep '1h'"

static const char *wanted_status;

/* Whether the only service says of itself what is wanted. */
static bool service_says(void)
{
    json_t *list = services_list(engine.generations);
    const char *text = json_string_value(json_object_get(json_array_get(list, 0), "status"));
    bool is_said = text && strstr(text, wanted_status);
    json_decref(list);
    return is_said;
}

static void wait_for_status(const char *text)
{
    wanted_status = text;
    run_until(service_says, text);
}

static void a_service_runs_as_long_as_its_generation(void **context)
{
    (void)context;
    write_script("strategies/integrations/s.lua",
                 SERVICE("beat", "ctx:status(ctx.name .. ' one') " FOREVER));
    start();
    generations_ready(engine.generations);
    wait_for_status("beat one");
    write_script("strategies/integrations/s.lua", SERVICE("beat", "ctx:status 'two' " FOREVER));
    generations_reload(engine.generations);
    wait_for_status("two");
    assert_int_equal(status().live, 1); /* the old one did not hold its generation */
    generations_stop_services(engine.generations);
    assert_int_equal(tasks_alive(generations_tasks_of(engine.generations)), 0);
}

static bool has_restarted(void)
{
    json_t *list = services_list(engine.generations);
    json_int_t restarts = json_integer_value(json_object_get(json_array_get(list, 0), "restarts"));
    json_decref(list);
    return restarts >= 1;
}

static void a_service_that_fails_is_started_again(void **context)
{
    (void)context;
    log_set_group(LOG_SCRIPT, LOG_ERROR_LEVEL + 1);
    write_script("strategies/integrations/s.lua", SERVICE("beat", "error 'boom'"));
    start();
    generations_ready(engine.generations);
    wait_for_status("boom");
    run_until(has_restarted, "the second try");
    wait_for_status("boom");
}

/* It is written after the engine knows. */
static bool refusal_is_recorded(void)
{
    json_t *outcome = ask("reload.last", NULL);
    bool is_recorded = json_is_false(json_object_get(outcome, "is_accepted"));
    json_decref(outcome);
    return is_recorded;
}

static void a_broken_file_changes_nothing(void **context)
{
    (void)context;
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'good' }"));
    start();
    write_script("scripts/pages/p.lua", "return {\n");
    generations_reload(engine.generations);
    run_until(was_refused, "the refusal");
    assert_string_equal(get("/p"), "200 good");
    assert_string_equal(status().error, "scripts/pages/p.lua:2: unexpected symbol near <eof>\n");
    run_until(refusal_is_recorded, "the record of the refusal");
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'better' }"));
    generations_reload(engine.generations);
    run_until(has_changed_twice, "the mended files");
    assert_null(status().error);
    assert_string_equal(get("/p"), "200 better");
}

/* Files that cannot be listed are not files that were removed. */
static void a_folder_that_breaks_off_changes_nothing(void **context)
{
    (void)context;
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'good' }"));
    start();
    inject_configure("scripts.folder=fail:1");
    generations_reload(engine.generations);
    run_until(was_refused, "the refusal");
    inject_configure(NULL);
    assert_string_equal(status().error, "scripts: cannot be read to its end: Input/output error\n");
    assert_string_equal(get("/p"), "200 good");
}

static void the_watch_finds_a_change(void **context)
{
    (void)context;
    write_script("strategies/integrations/old.lua", "return { about = 'old' }");
    start();
    assert_true(has_changed_once());
    write_script("strategies/integrations/new.lua", "return { about = 'new' }");
    run_until(has_changed_twice, "the watch");
}

static void what_the_store_refuses_changes_nothing(void **context)
{
    (void)context;
    start();
    write_script("strategies/integrations/x.lua",
                 "return { about = 'x', reference = function() return { conversations = {\n"
                 "{ platform = 'chat', external_id = 'C1', categories = { 'Gone' } } } } end }");
    generations_reload(engine.generations);
    run_until(was_refused, "the refusal");
    if (strncmp(status().error, "config.lua:1 conversations[1]", 29) != 0)
        fail_msg("%s", status().error);
    assert_int_equal(changes, 1);
}

static void a_start_with_broken_files_takes_the_last_good(void **context)
{
    (void)context;
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'kept' }"));
    start();
    close_engine();
    write_script("scripts/pages/p.lua", "return {");
    open_engine();
    start();
    assert_true(status().is_last_good);
    assert_non_null(status().error);
    assert_string_equal(get("/p"), "200 kept");
    write_script("scripts/pages/p.lua", PAGE("p", "return { body = 'mended' }"));
    generations_reload(engine.generations);
    run_until(has_changed_twice, "the mended files");
    assert_false(status().is_last_good);
}

static void a_first_start_with_broken_files_fails(void **context)
{
    (void)context;
    struct err err;
    write_script("scripts/pages/p.lua", "return {");
    assert_int_equal(start_rc(&err), ERR_INVALID);
    assert_string_equal(err.msg, "scripts/pages/p.lua:1: unexpected symbol near <eof>");
}

static void unfinished_jobs_keep_their_handler(void **context)
{
    (void)context;
    write_script("strategies/integrations/x.lua",
                 "return { about = 'x', jobs = { send = function() end } }");
    start();
    json_decref(ask("job.enqueue",
                    json_pack("{ss si}", "handler", "integrations/x:send", "delay_ms", 3600000)));
    write_script("strategies/integrations/x.lua", "return { about = 'x' }");
    generations_reload(engine.generations);
    run_until(was_refused, "the refusal");
    assert_non_null(
        strstr(status().error,
               "nothing handles \"integrations/x:send\" any more, but 1 unfinished jobs need it"));
}

static void reloads_under_way_end_with_the_engine(void **context)
{
    (void)context;
    write_script("scripts/pages/slow.lua",
                 PAGE("slow", "require('engine.task').sleep '10s' return { body = 'late' }"));
    start();
    struct talk talk = { .send = "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n", .wait_ms = 100 };
    talk_all(engine.loop, http_server_port(engine.server), &talk, 1);
    buf_fini(&talk.got);
    write_script("strategies/integrations/x.lua", "return { about = 'x' }");
    generations_reload(engine.generations); /* tear_down closes it in the middle of that */
}

/* ---- routes */

static void requests_reach_their_handler(void **context)
{
    (void)context;
    write_script(
        "scripts/pages/p.lua",
        "return { about = 'p', routes = { { method = 'GET', path = '/p/:id#/', access = 'loopback',"
        " about = 'p', handler = function(request) return { status = 201, content_type = 'text/x', "
        "body = request.method"
        " .. request.path .. request.params.id .. request.query.q .. request.headers.host .. "
        "request.peer } end } } }");
    start();
    assert_string_equal(get("/p/12/?q=a+b&q=c%20d"), "201 GET/p/12/12c dlocalhost127.0.0.1");
}

static void broken_responses_are_answered_500(void **context)
{
    (void)context;
    static const char *const ANSWERS[] = { "error 'x'",
                                           "return 5",
                                           "return { stats = 1 }",
                                           "return { status = 99 }",
                                           "return { body = {} }",
                                           "return { headers = { X = 'a\\r\\nb' } }",
                                           "while true do end" };
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
        AUTO_FREE char *path = xasprintf("scripts/pages/p%zu.lua", i);
        AUTO_FREE char *text = xasprintf("return { about = 'A', routes = { { method = 'GET', path "
                                         "= '/p%zu', access = 'loopback',"
                                         " about = 'A', handler = function(request) %s end } } }",
                                         i, ANSWERS[i]);
        write_script(path, text);
    }
    start();
    log_configure(LOG_ERROR_LEVEL + 1, false);
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
        AUTO_FREE char *path = xasprintf("/p%zu", i);
        const char *answer = get(path);
        if (strncmp(answer, "500 {\"type\":\"server_error\"", 26) != 0)
            fail_msg("%s: %s", ANSWERS[i], answer);
    }
}

static bool no_task_lives(void)
{
    return tasks_alive(generations_tasks_of(engine.generations)) == 0;
}

static void what_comes_after_the_answer_runs(void **context)
{
    (void)context;
    write_script("scripts/seen.lua", "return { count = 0 }");
    write_script("scripts/pages/a.lua",
                 PAGE("a",
                      "return { body = 'now', after = function() require('engine.task').sleep(5)"
                      " require('seen').count = 1 end }"));
    write_script("scripts/pages/b.lua",
                 PAGE("b", "return { body = tostring(require('seen').count) }"));
    start();
    assert_string_equal(get("/a"), "200 now");
    run_until(no_task_lives, "the task after the answer");
    assert_string_equal(get("/b"), "200 1");
}

/* ---- jobs */

static int64_t enqueue(const char *handler)
{
    json_t *answer =
        ask("job.enqueue", json_pack("{ss s{si}}", "handler", handler, "args", "n", 5));
    int64_t id = json_integer_value(json_object_get(answer, "id"));
    json_decref(answer);
    jobs_wake(engine.jobs);
    return id;
}

static int64_t awaited_job;
static const char *awaited_state;

static bool job_is_in_state(void)
{
    json_t *job = ask("job.show", json_pack("{sI}", "id", (json_int_t)awaited_job));
    bool is_there =
        strcmp(json_string_value(json_object_get(job, "state")), awaited_state) == 0 &&
        (strcmp(awaited_state, "ready") != 0 || json_is_string(json_object_get(job, "error_text")));
    json_decref(job);
    return is_there;
}

/* Runs the job and asserts in which state it ends, and its error's text (NULL: any). */
static void assert_job(const char *handler, const char *state, const char *error)
{
    awaited_job = enqueue(handler);
    awaited_state = state;
    run_until(job_is_in_state, handler);
    json_t *job = ask("job.show", json_pack("{sI}", "id", (json_int_t)awaited_job));
    const char *text = json_string_value(json_object_get(job, "error_text"));
    if (error && (!text || !strstr(text, error)))
        fail_msg("%s: error is %s", handler, text);
    json_decref(job);
}

static void outcomes_of_jobs_are_recorded(void **context)
{
    (void)context;
    write_script(
        "strategies/integrations/x.lua",
        "return { about = 'x', jobs = {\n"
        " done = function(ctx, args) assert(args.n == 5 and ctx.attempt == 1 and ctx.unknown == "
        "false) end,\n"
        " failed = function() return nil, { message = 'later', retry_after_ms = 60000 } end,\n"
        " dead = function() return nil, { code = 'own_code', message = 'never', retryable = false "
        "} end,\n"
        " wait = function() return 'wait', { message = 'not yet', retry_after_ms = 60000 } end,\n"
        " thrown = function() error 'oops' end,\n"
        " note = function(ctx) assert(ctx:note { a = 1 }) ctx:note { b = 2 }\n"
        "   assert(ctx.progress.a == 1 and ctx.progress.b == 2) return nil, { message = 'noted', "
        "retryable = false } end } }");
    start();
    log_configure(LOG_ERROR_LEVEL + 1, false);
    assert_job("integrations/x:done", "done", NULL);
    assert_job("integrations/x:failed", "ready", "later");
    assert_job("integrations/x:dead", "dead", "own_code: never");
    assert_job("integrations/x:wait", "ready", "not yet");
    assert_job("integrations/x:thrown", "ready", "strategies/integrations/x.lua:6: oops");
    assert_job("integrations/x:note", "dead", "noted");
    json_t *job = ask("job.show", json_pack("{sI}", "id", (json_int_t)awaited_job));
    AUTO_FREE char *progress =
        json_dumps(json_object_get(job, "progress"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(progress, "{\"a\":1,\"b\":2}");
    json_decref(job);
    assert_job("integrations/x:unknown", "dead", "no script handles integrations/x:unknown");
}

static void events_become_jobs_of_their_handlers(void **context)
{
    (void)context;
    write_script("strategies/integrations/x.lua",
                 "return { about = 'x', on = { ['thing.happened'] = function(ctx, event)\n"
                 " return nil, { message = event.kind .. event.what, retryable = false } end } }");
    start();
    json_decref(ask("event.emit",
                    json_pack("{ss s{ss}}", "kind", "thing.happened", "payload", "what", "!")));
    jobs_wake(engine.jobs);
    awaited_job = 1;
    awaited_state = "dead";
    run_until(job_is_in_state, "the event's job");
    json_t *job = ask("job.show", json_pack("{si}", "id", 1));
    assert_string_equal(json_string_value(json_object_get(job, "error_text")), "thing.happened!");
    json_decref(job);
}

static void what_is_switched_off_waits(void **context)
{
    (void)context;
    write_script("strategies/integrations/x.lua",
                 "return { about = 'x', enabled = function() return false end,"
                 " on = { ['incident.created'] = function() end }, jobs = { j = function() end },"
                 " routes = { { method = 'GET', path = '/off', access = 'loopback', about = 'x', "
                 "handler = function() end } },"
                 " tasks = { ['x.t'] = { about = 't', run = function() end } } }");
    write_script("strategies/schedules/t.lua",
                 "return { about = 't', task = 'x.t', every = '1h' }");
    start();
    assert_string_equal(get("/off"), get("/none"));
    assert_int_equal(json_array_size(generations_schedules(engine.generations)), 0);
    assert_job("integrations/x:j", "ready", "switched off");
}

static void schedules_follow_the_config(void **context)
{
    (void)context;
    write_script(
        "strategies/integrations/x.lua",
        "return { about = 'x', tasks = { ['x.t'] = { about = 't', run = function() end } } }");
    write_script("strategies/schedules/one.lua",
                 "return { about = 'o', task = 'x.t', every = '1h' }");
    write_script(
        "strategies/schedules/two.lua",
        "return { about = 't', task = 'x.t', cron = '*/5 * * * *', args = { full = true } }");
    write_script("config.lua",
                 "return { schedules = { one = { every = minutes(30) }, two = false }, " ROWS " }");
    start();
    const json_t *rows = generations_schedules(engine.generations);
    assert_int_equal(json_array_size(rows), 1);
    const json_t *one = json_array_get(rows, 0);
    assert_string_equal(json_string_value(json_object_get(one, "name")), "one");
    assert_int_equal(json_integer_value(json_object_get(one, "every_ms")), 1800000);
    assert_refused("config.lua", "return { schedules = { three = false }, " ROWS " }",
                   "config.lua:1 schedules.three: there is no strategies/schedules/three.lua\n");
}

static void a_manifest_is_asked_offline(void **context)
{
    (void)context;
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err;
    write_script("strategies/integrations/chat/config.lua",
                 "return { about = 'x', manifest = function(options) return { name = options.name, "
                 "list = { 1 } } end }");
    start();
    json_t *options = json_pack("{ss}", "name", "N");
    assert_int_equal(generations_call_manifest(engine.generations, "chat", options, &out, &err),
                     OK);
    json_decref(options);
    assert_string_equal(buf_text(&out), "{\n  \"list\": [\n    1\n  ],\n  \"name\": \"N\"\n}\n");
    assert_int_equal(generations_call_manifest(engine.generations, "none", NULL, &out, &err),
                     ERR_NOT_FOUND);
}

/* ---- size */

static int reload_number;

static bool has_reloaded_often(void)
{
    if (changes <= reload_number)
        return false;
    if (reload_number == 50)
        return true;
    AUTO_FREE char *text = xasprintf("return { about = 'number %d' }", ++reload_number);
    write_script("strategies/integrations/x0.lua", text);
    generations_reload(engine.generations);
    return false;
}

static int count_kept(struct tx *tx, void *arg, struct err *err)
{
    int rc;
    *(int64_t *)arg = tx_get_int(tx, &rc, err, -1, "SELECT COUNT(*) FROM generation", "");
    return rc;
}

static void many_reloads_leave_nothing_behind(void **context)
{
    (void)context;
    for (int i = 0; i < 40; i++) {
        AUTO_FREE char *path = xasprintf("strategies/integrations/x%d.lua", i);
        AUTO_FREE char *text = xasprintf(
            "return { about = 'x', on = { ['incident.created'] = function() return %d end } }", i);
        write_script(path, text);
    }
    start();
    reload_number = 0;
    run_until(has_reloaded_often, "50 reloads");
    assert_int_equal(status().accepted, 51);
    assert_int_equal(status().live, 1);
    int64_t kept = 0;
    assert_int_equal(db_read_now(engine.db, count_kept, &kept, NULL), OK);
    assert_int_equal(kept, 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(broken_files_are_named),
        TEST(broken_routes_are_named),
        TEST(broken_schedules_and_tags_are_named),
        TEST(all_mistakes_are_named_at_once),
        TEST(the_first_generation_writes_what_it_declares),
        TEST(a_saved_file_takes_over_and_running_tasks_finish),
        TEST(a_route_of_the_engine_is_not_taken_over),
        TEST(only_so_many_old_generations_are_kept),
        TEST(a_service_runs_as_long_as_its_generation),
        TEST(a_service_that_fails_is_started_again),
        TEST(a_broken_file_changes_nothing),
        TEST(a_folder_that_breaks_off_changes_nothing),
        TEST(the_watch_finds_a_change),
        TEST(what_the_store_refuses_changes_nothing),
        TEST(a_start_with_broken_files_takes_the_last_good),
        TEST(a_first_start_with_broken_files_fails),
        TEST(unfinished_jobs_keep_their_handler),
        TEST(reloads_under_way_end_with_the_engine),
        TEST(requests_reach_their_handler),
        TEST(broken_responses_are_answered_500),
        TEST(what_comes_after_the_answer_runs),
        TEST(outcomes_of_jobs_are_recorded),
        TEST(events_become_jobs_of_their_handlers),
        TEST(what_is_switched_off_waits),
        TEST(schedules_follow_the_config),
        TEST(a_manifest_is_asked_offline),
        TEST(many_reloads_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
