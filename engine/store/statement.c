/* statement - what runs inside a transaction: kept statements, binding, rows. */
#include "store/sqlite.h"

#include "base/inject.h"
#include "base/mem.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

enum { SMALLEST_TABLE = 64 };

/* ---- preparing */

static struct stmt *prepare(struct connection *conn, const char *sql, bool is_kept, struct err *err)
{
    sqlite3_stmt *handle = NULL;
    const char *tail = NULL;
    unsigned flags = is_kept ? SQLITE_PREPARE_PERSISTENT : 0;
    int rc = sqlite3_prepare_v3(conn->handle, sql, -1, flags, &handle, &tail);
    if (rc != SQLITE_OK) {
        connection_error(conn, rc, sql, err);
        return NULL;
    }
    if (!handle || *tail) {
        sqlite3_finalize(handle);
        err_set(err, ERR_BUG, "not exactly one statement: %s", sql);
        return NULL;
    }
    struct stmt *stmt = xcalloc(1, sizeof(*stmt));
    stmt->handle = handle;
    stmt->conn = conn;
    stmt->is_kept = is_kept;
    return stmt;
}

static void stmt_free(struct stmt *stmt)
{
    if (!stmt)
        return;
    sqlite3_finalize(stmt->handle);
    free(stmt);
}

static bool is_of(const struct stmt *stmt, const char *sql)
{
    return strcmp(sqlite3_sql(stmt->handle), sql) == 0;
}

/* ---- kept by address */

/* The slot of <sql>, or the empty one where it belongs. */
static size_t slot_of(struct stmt *const *table, size_t cap, const char *sql)
{
    size_t slot = ((uintptr_t)sql * 0x9e3779b97f4a7c15u >> 32) & (cap - 1);
    while (table[slot] && table[slot]->address != sql)
        slot = (slot + 1) & (cap - 1);
    return slot;
}

static void grow_table(struct connection *conn)
{
    size_t cap = conn->address_cap ? conn->address_cap * 2 : SMALLEST_TABLE;
    struct stmt **table = xcalloc(cap, sizeof(struct stmt *));
    for (size_t i = 0; i < conn->address_cap; i++)
        if (conn->by_address[i])
            table[slot_of(table, cap, conn->by_address[i]->address)] = conn->by_address[i];
    free(conn->by_address);
    conn->by_address = table;
    conn->address_cap = cap;
}

static struct stmt *find_by_address(struct connection *conn, const char *sql, struct err *err)
{
    if (conn->address_count * 2 >= conn->address_cap)
        grow_table(conn);
    size_t slot = slot_of(conn->by_address, conn->address_cap, sql);
    struct stmt *stmt = conn->by_address[slot];
    if (stmt && stmt->is_open)
        return prepare(conn, sql, false, err); /* a query inside the same query */
    if (stmt && is_of(stmt, sql))
        return stmt;
    /* Another text at the same address was no literal: slow, but right. */
    struct stmt *fresh = prepare(conn, sql, true, err);
    if (!fresh)
        return NULL;
    if (stmt)
        stmt_free(stmt);
    else
        conn->address_count++;
    fresh->address = sql;
    conn->by_address[slot] = fresh;
    return fresh;
}

/* ---- kept by text: a few, the least recently used one makes room */

static struct stmt *find_by_text(struct connection *conn, const char *sql, struct err *err)
{
    struct stmt **room = NULL;
    for (int i = 0; i < KEPT_TEXTS; i++) {
        struct stmt **slot = &conn->by_text[i];
        if (*slot && (*slot)->is_open)
            continue;
        if (*slot && is_of(*slot, sql)) {
            (*slot)->last_use = ++conn->text_uses;
            return *slot;
        }
        if (!room || (*room && (!*slot || (*slot)->last_use < (*room)->last_use)))
            room = slot;
    }
    struct stmt *stmt = prepare(conn, sql, room != NULL, err);
    if (!stmt || !room)
        return stmt;
    stmt_free(*room);
    stmt->last_use = ++conn->text_uses;
    *room = stmt;
    return stmt;
}

void statements_free(struct connection *conn)
{
    for (size_t i = 0; i < conn->address_cap; i++)
        stmt_free(conn->by_address[i]);
    free(conn->by_address);
    conn->by_address = NULL;
    conn->address_cap = conn->address_count = 0;
    for (int i = 0; i < KEPT_TEXTS; i++) {
        stmt_free(conn->by_text[i]);
        conn->by_text[i] = NULL;
    }
}

/* ---- open statements */

static struct stmt *open_in(struct tx *tx, struct stmt *stmt)
{
    if (!stmt)
        return NULL;
    stmt->is_open = true;
    stmt->is_done = false;
    stmt->previous = NULL;
    stmt->next = tx->open;
    if (tx->open)
        tx->open->previous = stmt;
    tx->open = stmt;
    return stmt;
}

void stmt_end(struct stmt *stmt)
{
    if (!stmt || CHECK_FAIL(stmt->is_open))
        return;
    struct tx *tx = &stmt->conn->tx;
    if (stmt->previous)
        stmt->previous->next = stmt->next;
    else
        tx->open = stmt->next;
    if (stmt->next)
        stmt->next->previous = stmt->previous;
    stmt->is_open = false;
    if (!stmt->is_kept) {
        stmt_free(stmt);
        return;
    }
    sqlite3_reset(stmt->handle);
    sqlite3_clear_bindings(stmt->handle); /* frees copies, forgets borrowed texts */
}

void statements_end_all(struct tx *tx)
{
    while (tx->open)
        stmt_end(tx->open);
}

/* ---- binding */

static int bind_text(sqlite3_stmt *handle, int at, const char *text, size_t len, sqlite3_destructor_type keep)
{
    if (!text)
        return sqlite3_bind_null(handle, at);
    return sqlite3_bind_text64(handle, at, text, len, keep, SQLITE_UTF8);
}

static int check_count(struct stmt *stmt, size_t given, struct err *err)
{
    int wanted = sqlite3_bind_parameter_count(stmt->handle);
    if ((size_t)wanted == given)
        return OK;
    return err_set(err, ERR_BUG, "%zu values for %d markers: %s", given, wanted, sqlite3_sql(stmt->handle));
}

static int bind_failed(struct stmt *stmt, int rc, char type, struct err *err)
{
    if (rc == SQLITE_MISMATCH)
        return err_set(err, ERR_BUG, "unknown type '%c': %s", type, sqlite3_sql(stmt->handle));
    return connection_error(stmt->conn, rc, sqlite3_sql(stmt->handle), err);
}

/* <keep>: SQLITE_STATIC when the values outlive the statement's run, SQLITE_TRANSIENT copies them. */
static int bind_list(struct stmt *stmt, const char *types, va_list args, sqlite3_destructor_type keep,
                     struct err *err)
{
    sqlite3_stmt *handle = stmt->handle;
    types = types ? types : "";
    int rc = check_count(stmt, strlen(types), err);
    if (rc != OK)
        return rc;
    for (int at = 1; *types; types++, at++) {
        const char *text;
        rc = SQLITE_MISMATCH;
        switch (*types) {
        case 'i':
            rc = sqlite3_bind_int64(handle, at, va_arg(args, int64_t));
            break;
        case 'b':
            rc = sqlite3_bind_int(handle, at, va_arg(args, int) != 0);
            break;
        case 'd':
            rc = sqlite3_bind_double(handle, at, va_arg(args, double));
            break;
        case 't':
            text = va_arg(args, const char *);
            rc = bind_text(handle, at, text, text ? strlen(text) : 0, keep);
            break;
        case 'n':
            text = va_arg(args, const char *);
            rc = bind_text(handle, at, text, va_arg(args, size_t), keep);
            break;
        case '0':
            rc = sqlite3_bind_null(handle, at);
            break;
        }
        if (rc != SQLITE_OK)
            return bind_failed(stmt, rc, *types, err);
    }
    return OK;
}

static int bind_value(sqlite3_stmt *handle, int at, const struct db_value *value)
{
    switch (value->type) {
    case 'i':
        return sqlite3_bind_int64(handle, at, value->i);
    case 'b':
        return sqlite3_bind_int(handle, at, value->i != 0);
    case 'd':
        return sqlite3_bind_double(handle, at, value->d);
    case 't':
        return bind_text(handle, at, value->t, value->t ? strlen(value->t) : 0, SQLITE_TRANSIENT);
    case 'n':
        return bind_text(handle, at, value->t, value->n, SQLITE_TRANSIENT);
    case '0':
        return sqlite3_bind_null(handle, at);
    default:
        return SQLITE_MISMATCH;
    }
}

static int bind_values(struct stmt *stmt, const struct db_value *values, int count, struct err *err)
{
    int rc = check_count(stmt, (size_t)count, err);
    if (rc != OK)
        return rc;
    for (int i = 0; i < count; i++) {
        rc = bind_value(stmt->handle, i + 1, &values[i]);
        if (rc != SQLITE_OK)
            return bind_failed(stmt, rc, values[i].type, err);
    }
    return OK;
}

/* ---- running */

int stmt_next(struct stmt *stmt, struct err *err)
{
    if (stmt->is_done)
        return DB_DONE;
    int rc = sqlite3_step(stmt->handle);
    if (rc == SQLITE_ROW)
        return DB_ROW;
    stmt->is_done = true;
    return rc == SQLITE_DONE ? DB_DONE : connection_error(stmt->conn, rc, sqlite3_sql(stmt->handle), err);
}

/* sqlite3_changes() still counts the statement before after one that changes no rows (CREATE TABLE). */
static int run_to_end(struct stmt *stmt, struct err *err)
{
    sqlite3 *handle = stmt->conn->handle;
    int64_t before = sqlite3_total_changes64(handle);
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        ;
    if (rc != DB_DONE || sqlite3_total_changes64(handle) == before)
        return rc;
    int64_t changed = sqlite3_changes64(handle);
    return changed < INT_MAX ? (int)changed : INT_MAX;
}

int tx_exec(struct tx *tx, struct err *err, const char *sql, const char *types, ...)
{
    struct err unseen = { 0 };
    err = err ? err : &unseen;
    if (INJECT("store.write"))
        return err_set(err, ERR_IO, "the write failed (fault injected)");
    struct stmt *stmt = open_in(tx, find_by_address(tx->conn, sql, err));
    if (!stmt)
        return err->code;
    va_list args;
    va_start(args, types);
    int rc = bind_list(stmt, types, args, SQLITE_STATIC, err);
    va_end(args);
    if (rc == OK)
        rc = run_to_end(stmt, err);
    stmt_end(stmt);
    return rc;
}

int64_t tx_insert_id(struct tx *tx)
{
    return sqlite3_last_insert_rowid(tx->conn->handle);
}

struct stmt *tx_query(struct tx *tx, struct err *err, const char *sql, const char *types, ...)
{
    struct stmt *stmt = open_in(tx, find_by_address(tx->conn, sql, err));
    if (!stmt)
        return NULL;
    va_list args;
    va_start(args, types);
    int rc = bind_list(stmt, types, args, SQLITE_TRANSIENT, err);
    va_end(args);
    if (rc == OK)
        return stmt;
    stmt_end(stmt);
    return NULL;
}

struct stmt *tx_query_values(struct tx *tx, struct err *err, const char *sql, const struct db_value *values, int count)
{
    struct stmt *stmt = open_in(tx, find_by_text(tx->conn, sql, err));
    if (!stmt || bind_values(stmt, values, count, err) == OK)
        return stmt;
    stmt_end(stmt);
    return NULL;
}

int64_t tx_get_int(struct tx *tx, int *rc, struct err *err, int64_t missing, const char *sql, const char *types, ...)
{
    struct err unseen = { 0 };
    err = err ? err : &unseen;
    int64_t value = missing;
    int result;
    struct stmt *stmt = open_in(tx, find_by_address(tx->conn, sql, err));
    if (!stmt) {
        result = err->code;
    } else {
        va_list args;
        va_start(args, types);
        result = bind_list(stmt, types, args, SQLITE_STATIC, err);
        va_end(args);
        if (result == OK)
            result = stmt_next(stmt, err);
        if (result == DB_ROW && !stmt_is_null(stmt, 0))
            value = stmt_int(stmt, 0);
        stmt_end(stmt);
    }
    if (rc)
        *rc = result < 0 ? result : OK;
    return value;
}

/* ---- columns */

int64_t stmt_int(struct stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->handle, column);
}

double stmt_real(struct stmt *stmt, int column)
{
    return sqlite3_column_double(stmt->handle, column);
}

const char *stmt_text(struct stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt->handle, column);
}

size_t stmt_bytes(struct stmt *stmt, int column)
{
    return (size_t)sqlite3_column_bytes(stmt->handle, column);
}

bool stmt_is_null(struct stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}
