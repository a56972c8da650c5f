/* Anything typed into the search box: FTS5 takes the expression that it becomes. */
#include "base/mem.h"
#include "core/search_words.h"

#include <sqlite3.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(sqlite3 *db, const struct buf *expression)
{
    static sqlite3_stmt *stmt;
    if (!stmt)
        REQUIRE(sqlite3_prepare_v2(db, "SELECT rowid FROM words WHERE words MATCH ?", -1, &stmt,
                                   NULL) == SQLITE_OK);
    if (!expression->len)
        return;
    sqlite3_bind_text(stmt, 1, expression->data, (int)expression->len, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    REQUIRE(rc == SQLITE_ROW || rc == SQLITE_DONE);
    sqlite3_reset(stmt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sqlite3 *db;
    struct search_words words;
    if (!db) {
        REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
        REQUIRE(sqlite3_exec(db,
                             "CREATE VIRTUAL TABLE words USING fts5(title); INSERT INTO words "
                             "VALUES ('a payment')",
                             NULL, NULL, NULL) == SQLITE_OK);
    }
    search_words_read((const char *)data, size, &words);
    REQUIRE(words.number >= 0);
    match(db, &words.wanted);
    match(db, &words.unwanted);
    search_words_fini(&words);
    return 0;
}
