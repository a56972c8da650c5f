/* The jail's process is not trusted: a strategy may have taken it over. Here it is this program, which answers what it
 * should not. And what the real one is given. */
#include "unit.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/channel.h"
#include "loop/loop.h"
#include "lua/jail.h"
#include "lua/jail_confine.h"
#include "lua/jail_spawn.h"
#include "lua/jail_wire.h"
#include "lua/snapshot.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the process that lies: how, its strategy's name says */

static bool read_whole(void *to, size_t len)
{
    for (char *at = to; len > 0;) {
        ssize_t got = read(JAIL_FD, at, len);
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static void say(const char *text, size_t claimed)
{
    unsigned char header[CHANNEL_HEADER];
    channel_put_header(header, (uint32_t)(claimed ? claimed : strlen(text)));
    (void)!write(JAIL_FD, header, sizeof(header));
    for (size_t at = 0, len = strlen(text); at < len;) {
        ssize_t put = write(JAIL_FD, text + at, len - at);
        if (put <= 0)
            return;
        at += (size_t)put;
    }
}

static const struct {
    const char *name;
    const char *people, *reasons;
    const char *state, *error; /* what the engine makes of it */
} ANSWERS[] = {
    { "truth", "[0,3,\"p\"]", "[\"because\"]", "answered", NULL },
    { "number_for_a_person", "[0,3,7]", "[\"because\"]", "failed",
      "no answer that can be understood" },
    { "no_such_reason", "[1,3,\"p\"]", "[\"because\"]", "failed",
      "no answer that can be understood" },
    { "reason_before_the_first", "[-1,3,\"p\"]", "[\"because\"]", "failed",
      "no answer that can be understood" },
    { "number_for_a_reason", "[0,3,\"p\"]", "[5]", "failed", "no answer that can be understood" },
    { "no_rows", "\"p\"", "{}", "failed", "no answer that can be understood" },
    { "too_many", "[0,3,\"p\"]", "[\"because\"]", "failed", "names more than 20000 people" },
    { "another_question", "[0,3,\"p\"]", "[\"because\"]", "failed",
      "no answer that can be understood" },
    { "no_json", NULL, NULL, "failed", "no answer that can be understood" },
    { "too_long", NULL, NULL, "failed", "is the limit" },
    { "leaves", NULL, NULL, "failed", "exit code 3" },
};
enum { ANSWER_COUNT = sizeof(ANSWERS) / sizeof(ANSWERS[0]), TOO_MANY = 20001 };

static void lie(const char *name, long long id)
{
    size_t which = 0;
    while (which < ANSWER_COUNT - 1 && strcmp(ANSWERS[which].name, name) != 0)
        which++;
    if (strcmp(name, "leaves") == 0)
        _exit(3);
    if (strcmp(name, "no_json") == 0)
        say("}{", 0);
    if (strcmp(name, "too_long") == 0)
        say("{", (size_t)JAIL_ANSWER_MAX + 1);
    if (!ANSWERS[which].people)
        return;
    AUTO_BUF struct buf text = BUF_INIT;
    int rows = strcmp(name, "too_many") == 0 ? TOO_MANY : 1;
    id += strcmp(name, "another_question") == 0;
    buf_printf(
        &text,
        "{\"id\":%lld,\"answer\":{\"state\":\"answered\",\"notes\":[],\"count\":1,\"reasons\":%s,"
        "\"people\":[",
        id, ANSWERS[which].reasons);
    for (int i = 0; i < rows; i++)
        buf_printf(&text, "%s%s", i ? "," : "", ANSWERS[which].people);
    buf_puts(&text, "]}}");
    say(buf_text(&text), 0);
}

/* A new reference; NULL at the end. */
static json_t *hear(void)
{
    unsigned char header[CHANNEL_HEADER];
    if (!read_whole(header, sizeof(header)))
        return NULL;
    size_t len = channel_get_header(header);
    AUTO_FREE char *text = xcalloc(1, len + 1);
    return read_whole(text, len) ? json_loadb(text, len, 0, NULL) : NULL;
}

static int be_the_jail(void)
{
    json_decref(hear());
    json_decref(hear()); /* the files, which are no JSON */
    say("{\"ready\":\"yes\"}", 0);
    for (json_t *question; (question = hear()); json_decref(question)) {
        json_decref(hear()); /* the incident */
        size_t index;
        json_t *path;
        json_array_foreach (json_object_get(question, "paths"), index, path) {
            char name[40] = "";
            if (sscanf(json_string_value(path), "strategies/invites/%39[a-z_]", name) == 1)
                lie(name, json_integer_value(json_object_get(question, "id")) + (long long)index);
        }
    }
    _exit(0);
}

/* ---- the engine's side */

struct world {
    struct loop *loop;
    json_t *answer;
};

static void on_done(void *arg, int rc, const json_t *answer, const struct err *err)
{
    struct world *world = arg;
    if (rc != OK)
        fail_msg("%s", err->msg);
    world->answer = json_deep_copy(answer);
    loop_stop(world->loop);
}

static void collect(struct jail *jail, struct world *world)
{
    json_t *strategies = json_array(), *files = json_object(),
           *incident = json_pack("{si}", "id", 1);
    struct err err;
    for (size_t i = 0; i <= ANSWER_COUNT; i++) { /* the truth once more at the end */
        const char *name = ANSWERS[i % ANSWER_COUNT].name;
        AUTO_FREE char *path = xasprintf("strategies/invites/%s.lua", name);
        json_object_set_new(files, path, json_string("return {}"));
        json_array_append_new(
            strategies, json_pack("{ss ss sb}", "strategy", name, "path", path, "is_private", 0));
    }
    struct snapshot *snapshot = snapshot_from_json(files, &err);
    const struct jail_request request = {
        .snapshot = snapshot, .strategies = strategies, .incident = incident, .deadline_ms = 60000
    };
    jail_collect(jail, &request, on_done, world);
    loop_run(world->loop);
    snapshot_unref(snapshot);
    json_decref(strategies);
    json_decref(files);
    json_decref(incident);
}

static void test_a_jail_that_lies_is_not_believed(void **state)
{
    (void)state;
    struct err err;
    struct world world = { .loop = loop_new(&err) };
    struct jail *jail = jail_new(world.loop, "none.db");
    log_configure(LOG_ERROR_LEVEL, false);
    collect(jail, &world);
    const json_t *runs = json_object_get(world.answer, "runs");
    assert_int_equal(json_array_size(runs), ANSWER_COUNT + 1);
    for (size_t i = 0; i <= ANSWER_COUNT; i++) {
        const json_t *run = json_array_get(runs, i);
        size_t which = i % ANSWER_COUNT;
        const char *told = json_string_value(json_object_get(run, "state"));
        const char *error = json_string_value(json_object_get(run, "error"));
        if (strcmp(told, ANSWERS[which].state) != 0 || !error != !ANSWERS[which].error ||
            (error && !strstr(error, ANSWERS[which].error)))
            fail_msg("%zu %s: %s, %s", i, ANSWERS[which].name, told, error ? error : "no error");
    }
    /* Of those who told the truth. */
    assert_int_equal(json_array_size(json_object_get(world.answer, "people")), 2);
    json_decref(world.answer);
    jail_free(jail);
    loop_free(world.loop);
}

#define ADDRESS_SPACE ((size_t)1 << 46) /* room for what sanitizers reserve */

/* 42: the limits are as they should be. */
static int confine_and_look(void)
{
    static const int RESOURCES[] = { RLIMIT_AS, RLIMIT_CORE, RLIMIT_NPROC };
    static const rlim_t WANTED[] = { ADDRESS_SPACE, 0, 0 };
    struct err err;
    (void)jail_confine(ADDRESS_SPACE, &err);
    for (int i = 0; i < 3; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)RESOURCES[i], &limit) != 0 ||
            limit.rlim_cur != WANTED[i] || limit.rlim_max != WANTED[i])
            return i;
    }
    return 42;
}

static void test_the_process_has_its_limits(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(confine_and_look());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_strategies_get_scripts_and_their_own_kind_only(void **state)
{
    (void)state;
    static const char *const PATHS[] = { "config.lua", "scripts/lib.lua",
                                         "strategies/invites/a.lua",
                                         "strategies/integrations/b.lua" };
    json_t *files = json_object();
    struct err err;
    for (int i = 0; i < 4; i++)
        json_object_set_new(files, PATHS[i], json_string("return {}"));
    struct snapshot *snapshot = snapshot_from_json(files, &err);
    AUTO_BUF struct buf texts = BUF_INIT;
    json_t *first = jail_first_message("x.db", snapshot, 1000, &texts);
    struct snapshot *given =
        snapshot_from_texts(json_object_get(first, "files"), buf_text(&texts), texts.len, &err);
    assert_non_null(given);
    assert_int_equal(snapshot_count(given), 2);
    assert_string_equal(snapshot_find(given, "scripts/lib.lua")->text, "return {}");
    assert_string_equal(snapshot_find(given, "strategies/invites/a.lua")->text, "return {}");
    assert_null(snapshot_from_texts(json_object_get(first, "files"), buf_text(&texts),
                                    texts.len - 1, &err));
    assert_int_equal(err.code, ERR_INVALID);
    buf_putc(&texts, 'x');
    assert_null(
        snapshot_from_texts(json_object_get(first, "files"), buf_text(&texts), texts.len, &err));
    snapshot_unref(given);
    json_decref(first);
    snapshot_unref(snapshot);
    json_decref(files);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "jail") == 0)
        return be_the_jail();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_jail_that_lies_is_not_believed),
        cmocka_unit_test(test_the_process_has_its_limits),
        cmocka_unit_test(test_strategies_get_scripts_and_their_own_kind_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
