/* script_fixture - a folder with scripts for each test: the product's config schema and what the
 * test writes. */
#pragma once
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lua/generation.h"

static char root[64];        /* the folder */
static char config_path[96]; /* its config.lua */

static inline void make_folders(char *path)
{
    for (char *c = path + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            fail_msg("%s: %s", path, strerror(errno));
        *c = '/';
    }
}

/* Writes <root>/<path> as an editor does: a new file in place of the old one. */
static inline void write_script(const char *path, const char *text)
{
    AUTO_FREE char *whole = xasprintf("%s/%s", root, path);
    AUTO_FREE char *fresh =
        xasprintf("%s/.%s.new", root, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    make_folders(whole);
    FILE *file = fopen(fresh, "w");
    assert_non_null(file);
    assert_true(fwrite(text, 1, strlen(text), file) == strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, whole), 0);
}

static inline void remove_script(const char *path)
{
    AUTO_FREE char *whole = xasprintf("%s/%s", root, path);
    assert_int_equal(unlink(whole), 0);
}

/* The rows that a config needs to be accepted. */
#define ROWS                                                                                   \
    "priorities = { { name = 'P1', value = 1, default = true } }, environments = { { value = " \
    "'PRD', name = 'Prod' } },"                                                                \
    " groups = { { name = 'Shop', categories = { { name = 'Payment' } } } },"

static inline void make_root(void)
{
    AUTO_FREE char *schema = realpath("scripts/config", NULL);
    AUTO_FREE char *scripts = NULL;
    assert_non_null(schema);
    snprintf(root, sizeof(root), "/tmp/halligan-scripts-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(config_path, sizeof(config_path), "%s/config.lua", root);
    scripts = xasprintf("%s/scripts/config", root);
    make_folders(scripts);
    assert_int_equal(symlink(schema, scripts), 0);
    write_script("config.lua", "return { " ROWS " }\n");
}

static inline void remove_root(void)
{
    AUTO_FREE char *command = xasprintf("rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
}
