#include "core/audit_chain.h"

#include "base/mem.h"
#include "store/db.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char SELECT_HEAD[] =
    "SELECT audit_id, hash, (SELECT MAX(id) FROM audit) FROM audit_head WHERE id = 1";

static const char UPDATE_HEAD[] = "UPDATE audit_head SET audit_id = ?, hash = ? WHERE id = 1";
static const char INSERT_HEAD[] = "INSERT INTO audit_head (id, audit_id, hash) VALUES (1, ?, ?)";

/* In the order in which they are hashed; the hash follows. */
static const char SELECT_ENTRIES[] =
    "SELECT id, at_ms, actor_kind, actor_id, source, action, incident_id, before, after, hash"
    " FROM audit ORDER BY id";

enum { HASHED_COLUMNS = 9, COLUMN_ID = 0, COLUMN_ACTION = 5, COLUMN_HASH = 9 };

/* EVP_sha256() is looked up by its name each time, which costs as much as hashing an entry. */
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    REQUIRE(sha256 != NULL);
}

void audit_canon_text(struct buf *canon, const char *text, size_t len)
{
    if (text) {
        buf_put_int(canon, (int64_t)len);
        buf_putc(canon, ':');
        buf_append(canon, text, len);
    } else {
        buf_putc(canon, '~');
    }
    buf_putc(canon, ',');
}

void audit_canon_int(struct buf *canon, int64_t value)
{
    char digits[BUF_INT_SIZE];
    size_t len;
    const char *text = buf_int_text(digits, value, &len);
    audit_canon_text(canon, text, len);
}

void audit_canon_hash(const struct buf *canon, char hash[AUDIT_HASH_SIZE])
{
    static const char DIGITS[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    pthread_once(&sha256_once, fetch_sha256);
    REQUIRE(EVP_Digest(buf_text(canon), canon->len, sum, &len, sha256, NULL) == 1);
    REQUIRE(2 * len + 1 == AUDIT_HASH_SIZE);
    for (unsigned int i = 0; i < len; i++) {
        *hash++ = DIGITS[sum[i] >> 4];
        *hash++ = DIGITS[sum[i] & 15];
    }
    *hash = '\0';
}

/* The hash that the row <stmt> is at must have behind <previous>. Every column counts as its text:
 * a time that became a fraction, or a text with something behind a NUL byte, is a change too. */
static void hash_row(struct buf *canon, const char *previous, struct stmt *stmt,
                     char hash[AUDIT_HASH_SIZE])
{
    buf_clear(canon);
    buf_puts(canon, previous);
    for (int column = 0; column < HASHED_COLUMNS; column++) {
        const char *text = stmt_text(stmt, column);
        audit_canon_text(canon, text, stmt_bytes(stmt, column));
    }
    audit_canon_hash(canon, hash);
}

/* False: the row beside the log is not there, and the head that of an empty log. */
static int read_head(struct tx *tx, struct audit_head *head, bool *is_there, struct err *err)
{
    *head = (struct audit_head){ 0 };
    struct stmt *stmt = tx_query(tx, err, SELECT_HEAD, "");
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    *is_there = rc == DB_ROW;
    if (*is_there) {
        head->id = stmt_int(stmt, 0);
        copy_text(head->hash, sizeof(head->hash), stmt_text(stmt, 1));
        head->last_id = stmt_int(stmt, 2);
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

int audit_chain_advance(struct tx *tx, int64_t id, const char *hash, struct err *err)
{
    int rc = tx_exec(tx, err, UPDATE_HEAD, "it", id, hash);
    if (rc == 0)
        rc = tx_exec(tx, err, INSERT_HEAD, "it", id, hash);
    return rc < 0 ? rc : OK;
}

/* Gives the entries of older versions their hashes. */
static int chain_all(struct tx *tx, struct audit_head *head, struct err *err)
{
    AUTO_BUF struct buf canon = BUF_INIT;
    struct stmt *stmt = tx_query(tx, err, SELECT_ENTRIES, "");
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        char hash[AUDIT_HASH_SIZE];
        hash_row(&canon, head->hash, stmt, hash);
        head->id = head->last_id = stmt_int(stmt, COLUMN_ID);
        memcpy(head->hash, hash, sizeof(hash));
        rc = tx_exec(tx, err, "UPDATE audit SET hash = ? WHERE id = ? AND hash IS NULL", "ti", hash,
                     head->id);
        if (rc < 0)
            break;
    }
    stmt_end(stmt);
    return rc < 0 ? rc : audit_chain_advance(tx, head->id, head->hash, err);
}

int audit_chain_head(struct tx *tx, struct audit_head *head, struct err *err)
{
    bool is_there = false;
    int rc = read_head(tx, head, &is_there, err);
    return rc == OK && !is_there ? chain_all(tx, head, err) : rc;
}

__attribute__((format(printf, 3, 4))) static void blame(struct audit_report *report, int64_t id,
                                                        const char *fmt, ...)
{
    if (!report->is_intact)
        return; /* the first place says it */
    report->is_intact = false;
    report->first_bad_id = id;
    va_list args;
    va_start(args, fmt);
    vsnprintf(report->reason, sizeof(report->reason), fmt, args);
    va_end(args);
}

/* The entry that <stmt> is at does not follow <previous_id>. */
static void blame_entry(struct audit_report *report, int64_t previous_id, struct stmt *stmt)
{
    int64_t id = stmt_int(stmt, COLUMN_ID);
    if (stmt_is_null(stmt, COLUMN_HASH))
        blame(report, id, "Entry %" PRId64 " has no hash: the engine did not write it.", id);
    else if (id == previous_id + 2)
        blame(report, id - 1, "Entry %" PRId64 " is missing.", id - 1);
    else if (id > previous_id + 2)
        blame(report, previous_id + 1, "Entries %" PRId64 " to %" PRId64 " are missing.",
              previous_id + 1, id - 1);
    else
        blame(report, id, "Entry %" PRId64 " (%.40s) was changed: it does not fit its hash.", id,
              stmt_text(stmt, COLUMN_ACTION));
}

/* How far the walk has come. */
struct walk {
    int64_t id; /* of the entry before; 0 at the beginning */
    char hash[AUDIT_HASH_SIZE];
    bool is_noted_seen;
};

/* The log against the row beside it, once every entry fits the one before. */
static void check_end(const struct walk *walk, bool has_head, struct audit_report *report)
{
    int64_t id = report->head.id;
    if (!has_head && walk->id)
        blame(report, 0, "The record of the last entry is missing.");
    else if (id > walk->id)
        blame(report, walk->id + 1, "The end is missing: the last entry was %" PRId64 ".", id);
    else if (id < walk->id)
        blame(report, id + 1, "Entry %" PRId64 " was added behind the last one.", id + 1);
    else if (strcmp(walk->hash, report->head.hash) != 0)
        blame(report, id, "Entry %" PRId64 " is not the one that was written last.", id);
    else if (!walk->is_noted_seen)
        blame(report, 0, "No entry has the noted hash: the log was written anew.");
}

int audit_chain_verify(struct tx *tx, const char *noted, struct audit_report *report,
                       struct err *err)
{
    AUTO_BUF struct buf canon = BUF_INIT;
    struct walk walk = { .is_noted_seen = !noted };
    bool has_head = false;
    *report = (struct audit_report){ .is_intact = true };
    int rc = read_head(tx, &report->head, &has_head, err);
    struct stmt *stmt = rc == OK ? tx_query(tx, err, SELECT_ENTRIES, "") : NULL;
    if (!stmt)
        return err->code;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        char hash[AUDIT_HASH_SIZE];
        report->count++;
        if (!report->is_intact)
            continue;
        if (!has_head && stmt_is_null(stmt, COLUMN_HASH))
            blame(report, 0, "The log has no hashes yet: the engine makes them when it starts.");
        hash_row(&canon, walk.hash, stmt, hash);
        const char *stored = stmt_text(stmt, COLUMN_HASH);
        if (!stored || strcmp(stored, hash) != 0)
            blame_entry(report, walk.id, stmt);
        walk.id = stmt_int(stmt, COLUMN_ID);
        memcpy(walk.hash, hash, sizeof(hash));
        walk.is_noted_seen |= noted && strcmp(noted, hash) == 0;
    }
    stmt_end(stmt);
    if (rc == DB_DONE)
        check_end(&walk, has_head, report);
    return rc;
}
