/* config: what config.lua may say, and that each mistake is named with file, line and path. */
#include "script_fixture.h"

#include "lua/config_lines.h"

static int set_up(void **context)
{
    (void)context;
    make_root();
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    remove_root();
    return 0;
}

/* ---- lines */

static const char TEXT[] = "-- a comment = { x = 1 }\n"
                           "local hidden = { a = 1 }\n"
                           "return {\n"
                           "  listen = env(\"LISTEN\", \"x\"), -- { not = here }\n"
                           "  log = { level = \"info\",\n"
                           "    json = true },\n"
                           "  [\"two words\"] = 1,\n"
                           "  --[==[ long\n"
                           "  ]] comment ]==]\n"
                           "  rows = {\n"
                           "    { name = 'one' }, { name = [[ two\n"
                           "    lines ]] },\n"
                           "    { name = \"es\\\"caped }\",\n"
                           "      deep = { [7] = 'x', { y = f { a = 1 } } } },\n"
                           "  },\n"
                           "  last = a == b and { 1 } or { 2 },\n"
                           "  after = 1,\n"
                           "}\n";

static void assert_line(const struct config_lines *lines, const char *path, int line)
{
    int found = config_lines_find(lines, path);
    if (found != line)
        fail_msg("%s: found on line %d, is on %d", path, found, line);
}

static void every_path_has_its_line(void **context)
{
    (void)context;
    struct config_lines *lines = config_lines_new(TEXT, strlen(TEXT));
    assert_line(lines, "listen", 4);
    assert_line(lines, "log.level", 5);
    assert_line(lines, "log.json", 6);
    assert_line(lines, "[\"two words\"]", 7);
    assert_line(lines, "rows", 10);
    assert_line(lines, "rows[1].name", 11);
    assert_line(lines, "rows[2].name", 11);
    assert_line(lines, "rows[3].name", 13);
    assert_line(lines, "rows[3].deep[7]", 14);
    assert_line(lines, "rows[3].deep[1].y", 14);
    assert_line(lines, "last", 16);
    assert_line(lines, "after", 17);
    config_lines_free(lines);
}

static void what_is_not_written_is_found_by_what_surrounds_it(void **context)
{
    (void)context;
    struct config_lines *lines = config_lines_new(TEXT, strlen(TEXT));
    assert_line(lines, "log.file", 5);
    assert_line(lines, "rows[3].missing.more", 13);
    assert_line(lines, "nothing", 1);
    config_lines_free(lines);
}

static void broken_text_has_lines_too(void **context)
{
    (void)context;
    static const char *const TEXTS[] = { "",
                                         "return",
                                         "return {",
                                         "return { a = ",
                                         "return { [",
                                         "return { a = 'x",
                                         "return { --[[",
                                         "return {{{{{{",
                                         "return { a = [==[ x ]=]",
                                         "return { a = '\\",
                                         "}}}} return { x = 1 " };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        struct config_lines *lines = config_lines_new(TEXTS[i], strlen(TEXTS[i]));
        assert_int_equal(config_lines_find(lines, "x.y[1]"), 1);
        config_lines_free(lines);
    }
}

/* ---- validation */

/* The report of a check; caller frees. */
static char *check(const char *config)
{
    struct buf report = BUF_INIT;
    struct err err;
    bool is_ok = false;
    write_script("config.lua", config);
    if (generations_check(root, config_path, &report, &is_ok, &err) != OK)
        fail_msg("%s", err.msg);
    assert_int_equal(is_ok, report.len == 0);
    buf_puts(&report, "");
    return report.data ? report.data : xstrdup("");
}

static void assert_report(const char *config, const char *wanted)
{
    char *report = check(config);
    if (strcmp(report, wanted) != 0)
        fail_msg("%s\nreported:\n%swanted:\n%s", config, report, wanted);
    free(report);
}

static void a_good_config_has_no_mistakes(void **context)
{
    (void)context;
    assert_report("return { " ROWS " }", "");
    assert_report(
        "return { listen = env('NO_SUCH_VARIABLE', '127.0.0.1:0'), time_zone = "
        "env('NO_SUCH_VARIABLE'),"
        " log = { level = 'debug' }, limits = { body = mib(1), timeout = seconds(10) }, " ROWS " }",
        "");
}

static void mistakes_are_named_with_line_and_path(void **context)
{
    (void)context;
    assert_report("return {\n" ROWS "\n  lisen = '127.0.0.1:80',\n}",
                  "config.lua:3 lisen: unknown key (did you mean \"listen\"?)\n");
    assert_report(
        "return {\n" ROWS "\n  listen = 8080,\n  log = { level = 'loud' },\n}",
        "config.lua:3 listen: expected a text, got number\n"
        "config.lua:4 log.level: must be one of \"debug\", \"info\", \"warn\", \"error\"\n");
    assert_report(
        "return { " ROWS
        "\n roles = {\n  { slug = 'Lead!', name = 'Lead' },\n  { slug = 'a', name = 'A' },\n"
        "  { slug = 'a' } } }",
        "config.lua:3 roles[1].slug: must be lower case: a-z, 0-9, _ and -\n"
        "config.lua:5 roles[3].name: is missing\n"
        "config.lua:5 roles[3].slug: is the same as roles[2].slug; it must be unique\n");
    assert_report("return { " ROWS "\n roles = { { slug = 'a', name = 'A\\0B' } } }",
                  "config.lua:2 roles[1].name: must not hold a NUL character\n");
}

static void what_is_declared_fits_together(void **context)
{
    (void)context;
    assert_report(
        "return { " ROWS "\n milestones = { { event_type = 'a', name = 'A' } },\n"
        " metrics = { { type = 't', code = 'T', name = 'T', start = 'a', ['end'] = 'gone' } } }",
        "config.lua:3 metrics[1].end: there is no milestone \"gone\"\n");
    assert_report(
        "return { " ROWS "\n milestones = { { event_type = 'a', name = 'A' } },\n"
        " metrics = { { type = 't', code = 'T', name = 'T', start = 'a', ['end'] = 'a' } } }",
        "config.lua:3 metrics[1].end: is where the metric starts\n");
    assert_report("return { " ROWS
                  "\n lifecycle = { postmortem = { environments = { 'PROD' } } } }",
                  "config.lua:2 lifecycle.postmortem.environments[1]: there is no environment "
                  "\"PROD\"\n");
    assert_report("return { " ROWS "\n environments = { { value = 'live', name = 'Live' } },"
                  "\n priorities = { { name = 'P1', value = 1, needs_postmortem = true, default = "
                  "true } } }",
                  "config.lua:3 priorities[1].needs_postmortem: there is no environment \"PRD\"; "
                  "name those that ask for a post-mortem in lifecycle.postmortem.environments\n");
    assert_report("return { " ROWS
                  "\n custom_fields = { { key = 'x', name = 'X', categories = { 'Gone' } } } }",
                  "config.lua:2 custom_fields[1].categories[1]: there is no category \"Gone\"\n");
    assert_report("return { " ROWS "\n defaults = { category = 'Gone', environment = 'PROD' } }",
                  "config.lua:2 defaults.category: there is no category \"Gone\"\n"
                  "config.lua:2 defaults.environment: there is no environment \"PROD\"\n");
    assert_report("return { " ROWS
                  "\n priorities = { { name = 'P1', value = 1 } },\n time_zone = 'Mars/Base' }",
                  "config.lua:2 priorities: needs one row with default = true\n");
    char *report = check("return { " ROWS "\n time_zone = 'Mars/Base' }");
    assert_int_equal(strncmp(report, "config.lua:2 time_zone: ", 24), 0);
    free(report);
}

/* Closing would wait for a key event that nobody can set. */
static void a_lifecycle_without_an_end_is_refused(void **context)
{
    (void)context;
    assert_report("return { " ROWS "\n milestones = {\n  { event_type = 'declared', name = 'D', "
                  "required = true, user_editable = false },\n  { event_type = 'resolved', name = "
                  "'R', required = true, user_editable = false } } }",
                  "config.lua:4 milestones[2].required: nobody can set \"resolved\" (user_editable "
                  "= false) and nothing does before the incident is closed: it could never be\n");
    assert_report("return { " ROWS "\n lifecycle = { transitions = { normal = { mitigating = {} } "
                  "} } }",
                  "config.lua:2 lifecycle.transitions.normal: nothing leads from Mitigating to "
                  "Closed\n");
}

static void config_is_data(void **context)
{
    (void)context;
    assert_report("return {\n x = os.time() }",
                  "config.lua:2: unknown name `os`: config.lua is data; it has env, secret, "
                  "seconds, minutes, hours, days, kib and mib\n");
    assert_report("x = 1\nreturn {}",
                  "config.lua:1: config.lua cannot set `x`; it returns a table\n");
    assert_report("return {\n", "config.lua:2: unexpected symbol near <eof>\n");
    assert_report("return 5", "config.lua:1: returns number; it must return a table\n");
    char *report = check("while true do end");
    assert_non_null(strstr(report, "used more than 500 ms of CPU time"));
    free(report);
    report = check("local t = {} for i = 1, 1e9 do t[i] = i end return t");
    assert_non_null(strstr(report, "config.lua: not enough memory"));
    free(report);
}

static void numbers_from_the_environment_are_numbers(void **context)
{
    (void)context;
    setenv("TEST_BODY", "65536", 1);
    assert_report("return { limits = { body = env('TEST_BODY') }, " ROWS " }", "");
    setenv("TEST_BODY", "many", 1);
    assert_report("return { limits = { body = env('TEST_BODY') }, " ROWS " }",
                  "config.lua:1 limits.body: expected a whole number, got string\n");
    unsetenv("TEST_BODY");
}

static void units_count_in_their_smallest_part(void **context)
{
    (void)context;
    assert_report("return { invites = { deadline = seconds(2) == 2000 and minutes(1.5) == 90000 "
                  "and days(1) == hours(24)"
                  " and '2s' }, " ROWS " }",
                  "");
    assert_report("return { invites = { deadline = minutes(-1) }, " ROWS " }",
                  "config.lua:1: bad argument #1 to 'minutes' (out of range)\n");
}

/* An integration with keys of its own, and what it sees of them. */
static const char INTEGRATION[] =
    "local shape = require 'config.shape'\n"
    "return { about = 'Chat', enabled = function(config)\n"
    "  assert(config.chat.token == 'tok-1' and not pcall(function() config.chat.token = 'x' end))\n"
    "  for name in pairs(config.chat) do assert(name == 'token' or name == 'aliases') end\n"
    "  assert(#config.chat.aliases == 2 and config.chat.aliases[2] == '/b')\n"
    "  return true end,\n"
    "  config = { chat = shape.table { fields = {\n"
    "    token = shape.secret { default = '' },\n"
    "    aliases = shape.list { of = shape.string { pattern = '^/', hint = 'must start with \"/\"' "
    "}, default = {} } } } } }";

static void integrations_add_their_keys(void **context)
{
    (void)context;
    setenv("TEST_TOKEN", "tok-1", 1);
    write_script("strategies/integrations/chat/config.lua", INTEGRATION);
    assert_report(
        "return { chat = { token = secret('TEST_TOKEN'), aliases = { '/a', '/b' } }, " ROWS " }",
        "");
    assert_report("return { " ROWS "\n chat = { aliases = {\n  '/a',\n  'b' } } }",
                  "config.lua:4 chat.aliases[2]: must start with \"/\"\n");
    unsetenv("TEST_TOKEN");
}

static void secrets_never_show(void **context)
{
    (void)context;
    json_t *config;
    struct err err;
    setenv("TEST_TOKEN", "s3cr3t", 1);
    char *report =
        check("return { listen = secret('TEST_TOKEN'), time_zone = tostring(secret('TEST_TOKEN')), "
              "log = { level ="
              " secret('TEST_TOKEN') }, limits = { body = secret('TEST_TOKEN') }, " ROWS " }");
    assert_null(strstr(report, "s3cr3t"));
    free(report);
    write_script("config.lua", "return { database = secret('TEST_TOKEN') }");
    assert_int_equal(generations_peek_config(root, config_path, &config, &err), OK);
    AUTO_FREE char *text = json_dumps(config, 0);
    assert_null(strstr(text, "s3cr3t"));
    json_decref(config);
    unsetenv("TEST_TOKEN");
}

static void secrets_come_from_files(void **context)
{
    (void)context;
    AUTO_FREE char *path = xasprintf("%s/token", root);
    write_script("token", "tok-1\n");
    setenv("TEST_TOKEN_FILE", path, 1);
    write_script("strategies/integrations/chat/config.lua", INTEGRATION);
    assert_report(
        "return { chat = { token = secret('TEST_TOKEN'), aliases = { '/a', '/b' } }, " ROWS " }",
        "");
    remove_script("token");
    char *report = check("return { chat = { token = secret('TEST_TOKEN') }, " ROWS " }");
    assert_non_null(
        strstr(report,
               "config.lua:1: secret(\"TEST_TOKEN\"): the file of TEST_TOKEN_FILE cannot be read"));
    free(report);
    unsetenv("TEST_TOKEN_FILE");
}

static void a_broken_config_still_names_the_database(void **context)
{
    (void)context;
    json_t *config;
    struct err err;
    write_script("config.lua", "return { database = ");
    setenv("DATABASE", "elsewhere.db", 1);
    assert_int_equal(generations_peek_config(root, config_path, &config, &err), OK);
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_string_equal(json_string_value(json_object_get(config, "database")), "elsewhere.db");
    json_decref(config);
    unsetenv("DATABASE");
    write_script("config.lua", "return { database = 'x.db', base_url = 'https://example.org/', "
                               "other = nil, chat = { 1 } }");
    assert_int_equal(generations_peek_config(root, config_path, &config, &err), OK);
    assert_int_equal(err.code, OK);
    assert_string_equal(json_string_value(json_object_get(config, "database")), "x.db");
    assert_string_equal(json_string_value(json_object_get(config, "base_url")),
                        "https://example.org");
    json_decref(config);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_path_has_its_line),
        TEST(what_is_not_written_is_found_by_what_surrounds_it),
        TEST(broken_text_has_lines_too),
        TEST(a_good_config_has_no_mistakes),
        TEST(mistakes_are_named_with_line_and_path),
        TEST(what_is_declared_fits_together),
        TEST(a_lifecycle_without_an_end_is_refused),
        TEST(config_is_data),
        TEST(numbers_from_the_environment_are_numbers),
        TEST(units_count_in_their_smallest_part),
        TEST(integrations_add_their_keys),
        TEST(secrets_never_show),
        TEST(secrets_come_from_files),
        TEST(a_broken_config_still_names_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
