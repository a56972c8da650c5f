/* db - puts connections, writer and readers together behind the one interface. */
#include "store/db.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/backup.h"
#include "store/check.h"
#include "store/migrate.h"
#include "store/reader.h"
#include "store/restore.h"
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct db {
    char *path;
    int schema_version;
    struct writer *writer; /* NULL when read-only */
    struct readers *readers;
};

static int make_folders(const char *path, struct err *err)
{
    AUTO_FREE char *folder = xstrdup(path);
    for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        if (mkdir(folder, 0750) != 0 && errno != EEXIST)
            return err_set(err, ERR_IO, "cannot make the folder %s: %s", folder, strerror(errno));
        *at = '/';
    }
    return OK;
}

/* Made here and not by SQLite, because what is in it is for its owner only; its log gets the same mode. */
static int make_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    close(fd);
    return OK;
}

static int open_writer(struct db *db, const struct db_options *options, struct err *err)
{
    int rc = make_folders(options->path, err);
    if (rc == OK)
        rc = make_file(options->path, err);
    if (rc != OK)
        return rc;
    struct connection *conn = connection_open(options->path, true, err);
    if (!conn)
        return err->code;
    rc = options->must_be_current
             ? migrate_check(conn, store_migration_count, &db->schema_version, err)
             : migrate_forward(conn, store_migrations, store_migration_count, &db->schema_version, err);
    if (rc != OK) {
        connection_close(conn);
        return rc;
    }
    connection_forget_pages(conn);
    db->writer = writer_new(conn, options->loop, err);
    return db->writer ? OK : err->code;
}

static int check_readable(struct db *db, const struct db_options *options, struct err *err)
{
    if (access(options->path, R_OK) != 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read %s: %s",
                       options->path, strerror(errno));
    struct connection *conn = connection_open(options->path, false, err);
    if (!conn)
        return err->code;
    int rc = migrate_check(conn, store_migration_count, &db->schema_version, err);
    connection_close(conn);
    return rc;
}

int db_open(const struct db_options *options, struct db **out, struct err *err)
{
    struct err unseen;
    err = err ? err : &unseen;
    *out = NULL;
    struct db *db = xcalloc(1, sizeof(*db));
    db->path = xstrdup(options->path);
    int rc =
        options->is_read_only ? check_readable(db, options, err) : open_writer(db, options, err);
    if (rc == OK) {
        db->readers = readers_new(options->path, options->readers, options->loop, err);
        rc = db->readers ? OK : err->code;
    }
    if (rc != OK) {
        db_close(db);
        return rc;
    }
    *out = db;
    return OK;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    /* The writer last: the last connection that closes moves the log into the file, and a reader cannot. */
    readers_free(db->readers);
    writer_free(db->writer);
    free(db->path);
    free(db);
}

static int refuse_write(struct err *err)
{
    return err_set(err, ERR_FORBIDDEN, "the database is open for reading only");
}

void db_write(struct db *db, tx_fn fn, tx_done_fn done, void *arg)
{
    REQUIRE(db->writer != NULL);
    writer_submit(db->writer, fn, done, arg, false);
}

void db_write_repeatable(struct db *db, tx_fn fn, tx_done_fn done, void *arg)
{
    REQUIRE(db->writer != NULL);
    writer_submit(db->writer, fn, done, arg, true);
}

void db_read(struct db *db, tx_fn fn, tx_done_fn done, void *arg)
{
    readers_submit(db->readers, fn, done, arg);
}

int db_write_now(struct db *db, tx_fn fn, void *arg, struct err *err)
{
    return db->writer ? writer_run_now(db->writer, fn, arg, err) : refuse_write(err);
}

int db_read_now(struct db *db, tx_fn fn, void *arg, struct err *err)
{
    return readers_run_now(db->readers, fn, arg, err);
}

void db_on_commit(struct db *db, void (*fn)(void *arg), void *arg)
{
    if (db->writer)
        writer_on_commit(db->writer, fn, arg);
}

int db_backup(const char *source, const char *path, struct err *err)
{
    return backup_run(source, path, err);
}

int db_restore(const char *path, const char *database, const char *kept, struct err *err)
{
    return restore_run(path, database, kept, err);
}

int db_check(struct db *db, db_problem_fn found, void *arg, struct err *err)
{
    return check_run(db->path, found, arg, err);
}

int db_trouble(struct db *db, struct err *err)
{
    return db->writer ? writer_trouble(db->writer, err) : OK;
}

void db_stats(struct db *db, struct db_stats *out)
{
    *out = (struct db_stats){ 0 };
    if (db->writer)
        writer_stats(db->writer, out);
    out->reads = readers_count(db->readers);
    struct stat file;
    if (stat(db->path, &file) == 0)
        out->size_bytes = file.st_size;
}

int db_schema_version(struct db *db)
{
    return db->schema_version;
}
