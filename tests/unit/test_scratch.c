/* scratch: a folder of its own, which is gone afterwards with everything that a database leaves. */
#include "unit.h"

#include "base/mem.h"
#include "store/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void touch(const char *path, const char *suffix)
{
    AUTO_FREE char *name = xasprintf("%s%s", path, suffix);
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void it_is_gone_afterwards(void **state)
{
    (void)state;
    struct scratch one, other;
    struct err err;
    assert_int_equal(scratch_init(&one, "unit", &err), OK);
    assert_int_equal(scratch_init(&other, "unit", &err), OK);
    assert_string_not_equal(one.folder, other.folder);
    assert_non_null(strstr(one.folder, "halligan-unit-"));
    touch(one.path, "");
    touch(one.path, "-wal");
    touch(one.path, "-shm");
    AUTO_FREE char *folder = xstrdup(one.folder);
    scratch_fini(&one);
    scratch_fini(&other);
    assert_int_not_equal(access(folder, F_OK), 0);
    scratch_fini(&one); /* harmless */
}

static void a_place_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct scratch scratch;
    struct err err;
    AUTO_FREE char *before = getenv("TMPDIR") ? xstrdup(getenv("TMPDIR")) : NULL;
    setenv("TMPDIR", "/nonexistent", 1);
    assert_int_equal(scratch_init(&scratch, "unit", &err), ERR_IO);
    assert_non_null(strstr(err.msg, "/nonexistent/halligan-unit-"));
    scratch_fini(&scratch); /* nothing was made */
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_gone_afterwards),
        cmocka_unit_test(a_place_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
