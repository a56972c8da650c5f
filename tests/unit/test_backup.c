/* A backup is one consistent moment, whole, and never in the place of another file. */
#include "store_fixture.h"

#include "store/sqlite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void backup_path(const struct fixture *fixture, char *out, size_t size)
{
    snprintf(out, size, "%s/copy.db", fixture->folder);
}

/* Rows of `thing` in the copy, or -1; the copy must be sound. */
static int rows_in(const char *path)
{
    struct connection *conn = connection_open(path, true, NULL);
    assert_non_null(conn);
    int rows;
    int is_sound;
    static const char CHECK[] =
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_int_equal(connection_get_int(conn, CHECK, 0, &is_sound, NULL), OK);
    assert_int_equal(is_sound, 1);
    assert_int_equal(connection_get_int(conn, "SELECT count(*) FROM thing", -1, &rows, NULL), OK);
    connection_close(conn);
    return rows;
}

static int entries_in(const char *folder, const char *prefix)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(dir);
    return count;
}

static int put_pair(struct tx *tx, void *arg, struct err *err)
{
    int64_t id = *(int64_t *)arg * 2;
    for (int64_t i = 0; i < 2; i++) {
        int rc = tx_exec(tx, err, "INSERT INTO thing (id, value) VALUES (?, ?)", "ii", id + i, i);
        if (rc < 0)
            return rc;
    }
    return OK;
}

static void a_backup_has_what_was_committed(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    backup_path(fixture, path, sizeof(path));
    for (int64_t i = 0; i < 20; i++)
        assert_int_equal(db_write_now(fixture->db, put_pair, &i, NULL), OK);
    struct err err = { 0 };
    if (db_backup(fixture->path, path, &err) != OK)
        fail_msg("%s", err.msg);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(entries_in(fixture->folder, "copy.db"), 1);
    assert_int_equal(rows_in(path), 40);
}

struct writing {
    struct db *db;
    atomic_bool must_stop;
    atomic_int pairs;
};

static void *write_pairs(void *arg)
{
    struct writing *writing = arg;
    for (int64_t i = 0; !atomic_load(&writing->must_stop); i++) {
        if (db_write_now(writing->db, put_pair, &i, NULL) != OK)
            break;
        atomic_fetch_add(&writing->pairs, 1);
    }
    return NULL;
}

static void a_backup_while_writing_is_one_moment(void **state)
{
    struct fixture *fixture = *state;
    struct writing writing = { .db = fixture->db };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_pairs, &writing), 0);
    while (atomic_load(&writing.pairs) < 50)
        usleep(1000);
    int before = 0;
    for (int i = 0; i < 5; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/copy-%d.db", fixture->folder, i);
        int committed = atomic_load(&writing.pairs) * 2;
        assert_int_equal(db_backup(fixture->path, path, NULL), OK);
        int rows = rows_in(path);
        assert_int_equal(rows % 2, 0);
        assert_true(rows >= committed && rows >= before);
        before = rows;
    }
    atomic_store(&writing.must_stop, true);
    pthread_join(thread, NULL);
    assert_true(count_things(fixture->db) >= before);
}

static void an_existing_file_is_never_replaced(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    backup_path(fixture, path, sizeof(path));
    FILE *file = fopen(path, "w");
    fputs("precious", file);
    fclose(file);
    struct err err;
    assert_int_equal(db_backup(fixture->path, path, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "exists already"));
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_size, 8);
    assert_int_equal(db_backup(fixture->path, fixture->path, &err), ERR_CONFLICT);
}

static void a_backup_that_fails_leaves_no_file(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    backup_path(fixture, path, sizeof(path));
    struct err err;
    inject_configure("store.backup=fail:1");
    assert_int_equal(db_backup(fixture->path, path, &err), ERR_IO);
    inject_configure(NULL);
    assert_int_equal(entries_in(fixture->folder, "copy.db"), 0);
    assert_int_equal(db_backup(fixture->path, "/nowhere/at/all.db", &err), ERR_IO);
    assert_non_null(strstr(err.msg, "/nowhere/at/all.db"));
}

/* Whatever fails on the way, the database stays as it was, its log included. */
static void a_restore_that_fails_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    char backup[128], kept[128], log[128];
    struct err err;
    backup_path(fixture, backup, sizeof(backup));
    snprintf(kept, sizeof(kept), "%s/kept.db", fixture->folder);
    snprintf(log, sizeof(log), "%s-wal", fixture->path);
    assert_int_equal(db_backup(fixture->path, backup, NULL), OK);
    int64_t pair = 1;
    assert_int_equal(db_write_now(fixture->db, put_pair, &pair, NULL), OK);
    /* As after a crash: nobody has it open, and its log is full. */
    pid_t child = fork();
    if (child == 0) {
        static const char *const POINTS[] = { "store.restore=fail:1", "store.restore=fail:2",
                                              "store.restore=fail:3" };
        for (int i = 0; i < 3; i++) {
            inject_configure(POINTS[i]);
            if (db_restore(backup, fixture->path, kept, &err) != ERR_IO ||
                access(kept, F_OK) == 0 || access(fixture->path, F_OK) != 0 ||
                access(log, F_OK) != 0)
                _exit(i + 1);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(entries_in(fixture->folder, "test.db.restore"), 0);
    assert_int_equal(rows_in(fixture->path), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_DB(a_backup_has_what_was_committed),
        TEST_DB(a_backup_while_writing_is_one_moment),
        TEST_DB(an_existing_file_is_never_replaced),
        TEST_DB(a_backup_that_fails_leaves_no_file),
        TEST_DB(a_restore_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
