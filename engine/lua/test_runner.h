/* test_runner - `halligan test`: runs files of Lua tests inside the engine, on its loop, with a clock
 * that tests can set. A file NAME_test.lua returns { ["what it shows"] = function(t) ... end }; `t`
 * comes from scripts/test/harness.lua. A test fails when it throws, takes too long, or leaves a
 * task or a request behind. */
#pragma once
#include "base/err.h"

struct test_options {
    const char *root;        /* folder of scripts/ and strategies/ */
    const char *config_path; /* used unless there is a config.lua beside the tests */
    const char *folder;      /* searched for *_test.lua, also in its folders; or one such file */
    const char *only;        /* runs the tests whose "file: name" has this in it; NULL: all */
};

struct test_outcome {
    int passed, failed;
};

/* Blocking. Prints a line a test and closes with "N passed, N failed". An error: nothing was run;
 * tests that fail are counted, not an error. */
int test_runner_run(const struct test_options *options, struct test_outcome *outcome,
                    struct err *err);
