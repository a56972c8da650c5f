#include "core/reference_imported.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/args.h"
#include "store/db.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { LISTS_MAX = 2, TABLES_MAX = 2, DIGEST_SIZE = 65 };

/* Lists of the config that are applied together, and their tables. */
static const struct {
    const char *lists[LISTS_MAX];
    const char *tables[TABLES_MAX];
} KINDS[] = {
    { { "priorities" }, { "priority" } },
    { { "environments" }, { "environment" } },
    { { "groups", "categories" }, { "category_group", "category" } },
    { { "roles" }, { "role_type" } },
    { { "milestones", "metrics" }, { "milestone_type", "metric_type" } },
    { { "impacts" }, { "impact_type", "impact_level" } },
    { { "cost_types" }, { "cost_type" } },
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

/* A row in kv under the first list's name: the digest of the lists that are passed over, "" before the first time. */
static const char NOTE[] =
    "INSERT INTO kv (scope, key, value, updated_at_ms) VALUES ('imported', ?, '\"\"', ?) ON "
    "CONFLICT (scope, key) DO"
    " UPDATE SET value = excluded.value, updated_at_ms = excluded.updated_at_ms";
static const char SELECT_DIGEST[] = "SELECT value FROM kv WHERE scope = 'imported' AND key = ?";
static const char SET_DIGEST[] = "UPDATE kv SET value = '\"' || ? || '\"', updated_at_ms = ? WHERE "
                                 "scope = 'imported' AND key = ?";
static const char FORGET[] = "DELETE FROM kv WHERE scope = 'imported' AND key = ?";

int reference_note_imported(struct tx *tx, const char *table, struct err *err)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        for (size_t j = 0; j < TABLES_MAX && KINDS[i].tables[j]; j++)
            if (strcmp(KINDS[i].tables[j], table) == 0) {
                int rc = tx_exec(tx, err, NOTE, "ti", KINDS[i].lists[0], clock_now_ms());
                return rc < 0 ? rc : OK;
            }
    return OK;
}

/* SHA-256 of the lists' text, in hexadecimal. */
static void digest_of(const struct op_call *call, size_t kind, char digest[DIGEST_SIZE])
{
    AUTO_JSON json_t *lists = json_array();
    for (size_t j = 0; j < LISTS_MAX && KINDS[kind].lists[j]; j++) {
        json_t *list = json_object_get(call->args, KINDS[kind].lists[j]);
        json_array_append(lists, list ? list : json_null());
    }
    AUTO_FREE char *text = json_dumps(lists, JSON_COMPACT | JSON_SORT_KEYS);
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    REQUIRE(EVP_Digest(text, strlen(text), sum, &len, EVP_sha256(), NULL) == 1);
    for (unsigned i = 0; i < len; i++)
        snprintf(digest + 2 * (size_t)i, 3, "%02x", sum[i]);
}

static int drop(struct op_call *call, size_t kind, const char *known)
{
    const char *name = KINDS[kind].lists[0];
    char digest[DIGEST_SIZE];
    digest_of(call, kind, digest);
    bool is_first = strcmp(known, "\"\"") == 0;
    bool is_same = strlen(known) > 2 && strncmp(known + 1, digest, strlen(digest)) == 0;
    int rc = OK;
    if (is_first)
        rc = tx_exec(call->tx, call->err, SET_DIGEST, "tit", digest, clock_now_ms(), name);
    if (!is_first && !is_same)
        rc = tx_exec(call->tx, call->err, FORGET, "t", name);
    for (size_t j = 0; (is_first || is_same) && j < LISTS_MAX && KINDS[kind].lists[j]; j++)
        json_object_del(call->args, KINDS[kind].lists[j]);
    return rc < 0 ? rc : OK;
}

int reference_drop_imported(struct op_call *call)
{
    int rc = OK;
    for (size_t i = 0; i < KIND_COUNT && rc == OK; i++) {
        struct stmt *stmt = tx_query(call->tx, call->err, SELECT_DIGEST, "t", KINDS[i].lists[0]);
        rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
        AUTO_FREE char *known = rc == DB_ROW ? xstrdup(stmt_text(stmt, 0)) : NULL;
        stmt_end(stmt);
        if (rc >= 0)
            rc = known ? drop(call, i, known) : OK;
    }
    return rc;
}
