#define _GNU_SOURCE
#include "unit.h"

#include "base/mem.h"
#include "cli/command.h"
#include "cli/output.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the last command wrote to standard output and standard error. */
static char written[16384];

/* Runs a command line, words separated by one blank; answers its exit code. */
static int run(const char *line)
{
    char *words[20] = { 0 };
    int count = 0;
    AUTO_FREE char *copy = xasprintf("halligan %s", line);
    for (char *rest = copy, *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word)
            words[count++] = word;
    FILE *file = tmpfile();
    int saved[] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
    fflush(NULL);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    int rc = command_main(count, words);
    fflush(NULL);
    dup2(saved[0], STDOUT_FILENO);
    dup2(saved[1], STDERR_FILENO);
    close(saved[0]);
    close(saved[1]);
    rewind(file);
    written[fread(written, 1, sizeof(written) - 1, file)] = '\0';
    fclose(file);
    return rc;
}

static void expect(const char *line, int code, const char *part)
{
    int rc = run(line);
    if (rc != code || !strstr(written, part))
        fail_msg("halligan %s: exit %d, wanted %d and \"%s\" in:\n%s", line, rc, code, part,
                 written);
}

static void help_teaches(void **state)
{
    (void)state;
    expect("", CLI_OK, "First steps:");
    expect("help", CLI_OK, "incident open");
    expect("--help", CLI_OK, "incident open");
    expect("help job", CLI_OK, "job retry");
    expect("help job retry", CLI_OK, "halligan job retry --all");
    expect("job retry --help", CLI_OK, "halligan job retry --all");
    expect("job retry -h", CLI_OK, "halligan job retry --all");
    expect("help incident reopen", CLI_OK, "(required)");
    expect("help incident open", CLI_OK, "halligan incident open P2 Card payments fail");
    expect("version", CLI_OK, "halligan " HALLIGAN_VERSION);
    expect("--version", CLI_OK, "halligan " HALLIGAN_VERSION);
}

static void every_command_has_its_help(void **state)
{
    (void)state;
    const struct command *command;
    for (int i = 0; (command = command_at(i)) != NULL; i++) {
        AUTO_FREE char *line = xasprintf("help %s", command->name);
        expect(line, CLI_OK, command->about);
        assert_true(command_find(command->name) == command);
        assert_non_null(command->run);
    }
}

static void the_nearest_name_is_suggested(void **state)
{
    (void)state;
    expect("srve", CLI_USAGE, "did you mean \"serve\"?");
    expect("sevre", CLI_USAGE, "did you mean \"serve\"?");
    expect("job lst", CLI_USAGE, "did you mean \"job list\"?");
    expect("jbo list", CLI_USAGE, "did you mean \"job list\"?");
    expect("help relod", CLI_USAGE, "did you mean \"reload\"?");
    expect("job list --stat-e dead", CLI_USAGE,
           "there is no option --stat-e; did you mean --state?");
    expect("xyzzyplugh", CLI_USAGE, "there is no command \"xyzzyplugh\"\nSee: halligan help");
    expect("job", CLI_USAGE, "\"job\" needs a second word");
    expect("--config x serve", CLI_USAGE, "the command comes first");
}

static void the_nearest_group_is_suggested(void **state)
{
    (void)state;
    expect("help incdent", CLI_USAGE,
           "there is no command \"incdent\"; did you mean \"incident\"?");
    expect("incdent", CLI_USAGE, "did you mean \"incident\"?\nUsage: halligan incident COMMAND");
    expect("jobs", CLI_USAGE, "did you mean \"job\"?");
    expect("help keys", CLI_USAGE, "did you mean \"key\"?");
    expect("help incdent open", CLI_USAGE, "did you mean \"incident open\"?");
    expect("help incident opn", CLI_USAGE, "did you mean \"incident open\"?");
    expect("help xyzzyplugh", CLI_USAGE, "\"\nSee: halligan help\n");
    expect("incident --help", CLI_OK, "Usage: halligan incident COMMAND");
}

static void mistakes_are_named(void **state)
{
    (void)state;
    expect("incident reopen 1", CLI_USAGE, "--message is missing");
    expect("incident open --title x", CLI_USAGE, "the priority, such as P2: the first word");
    expect("incident open P2", CLI_USAGE, "what is wrong, in one line");
    expect("incident open --priority P2 --by a@example.com", CLI_USAGE,
           "missing:\n  what is wrong");
    expect("incident open P2 x --title y", CLI_USAGE,
           "the title is given twice: --title and \"x\"");
    expect("incident open P2 x --by nobody", CLI_USAGE,
           "must be an e-mail address, not \"nobody\"");
    expect("incident open --title", CLI_USAGE, "--title needs a value");
    expect("incident close 1 --message caf\xe9", CLI_USAGE, "--message is not written in UTF-8");
    expect("serve --config /caf\xe9.lua", CLI_FAILED, "there is no config");
    expect("job list --limit many", CLI_USAGE, "--limit must be a number, not \"many\"");
    expect("job list --limit 99999999999999999999", CLI_USAGE, "--limit must be a number");
    expect("job show", CLI_USAGE, "ID is missing");
    expect("job show x", CLI_USAGE, "ID must be a number, not \"x\"");
    expect("job show 0", CLI_USAGE, "ID must be a number");
    expect("job retry x", CLI_USAGE, ": ID must be a number");
    expect("job show 1 2", CLI_USAGE, "too many words: \"2\"");
    expect("job show ##1", CLI_USAGE, "ID must be a number, not \"#1\"");
    expect("job retry 1 --all", CLI_USAGE, "name a job's ID, or --incident ID, or --all");
    expect("manifest --public-url ftp://x", CLI_USAGE, "--public-url must begin with https://");
    expect("serve --config /does/not/exist.lua", CLI_FAILED,
           "there is no config /does/not/exist.lua");
}

static const char *cleaned(const char *text, bool keep_lines)
{
    static char result[200];
    AUTO_BUF struct buf out = BUF_INIT;
    output_clean(&out, text, keep_lines);
    snprintf(result, sizeof(result), "%s", buf_text(&out));
    return result;
}

/* A title must not be able to drive the operator's terminal. */
static void texts_cannot_control_the_terminal(void **state)
{
    (void)state;
    assert_string_equal(cleaned("a\033]0;owned\007b", false), "a]0;ownedb");
    assert_string_equal(cleaned("a\xc2\x9b"
                                "31mb",
                                false),
                        "a31mb");
    assert_string_equal(cleaned("one\ntwo\tthree\r", false), "one two three");
    assert_string_equal(cleaned("a\u202e\u2066\u2069b\u05e9\u2070", false), "ab\u05e9\u2070");
    assert_string_equal(cleaned("one\ntwo", true), "one\ntwo");
    assert_string_equal(cleaned("h\xc3\xa9llo \xf0\x9f\x94\xa5", false),
                        "h\xc3\xa9llo \xf0\x9f\x94\xa5");
}

static void expect_duration(int64_t ms, const char *text)
{
    AUTO_BUF struct buf out = BUF_INIT;
    output_duration(&out, ms);
    assert_string_equal(buf_text(&out), text);
}

static void durations_are_short(void **state)
{
    (void)state;
    expect_duration(0, "0 ms");
    expect_duration(850, "850 ms");
    expect_duration(1000, "1 s");
    expect_duration(1500, "1500 ms");
    expect_duration(12345, "12 s");
    expect_duration(60000, "1 min");
    expect_duration(90 * 60000, "90 min");
    expect_duration(3600000, "1 h");
    expect_duration(24 * 3600000, "1 d");
    expect_duration(90 * 24 * 3600000LL, "90 d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_teaches),
        cmocka_unit_test(every_command_has_its_help),
        cmocka_unit_test(the_nearest_name_is_suggested),
        cmocka_unit_test(the_nearest_group_is_suggested),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(texts_cannot_control_the_terminal),
        cmocka_unit_test(durations_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
