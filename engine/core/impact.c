#include "core/impact.h"

#include "base/mem.h"
#include "store/db.h"

#include <stdio.h>

static const char SELECT_TYPE[] = "SELECT id FROM impact_type WHERE value = ? AND is_active = 1";
static const char SELECT_LEVEL[] =
    "SELECT id FROM impact_level WHERE impact_type_id = ? AND (id = ? OR value = ?) AND is_active"
    " = 1";

int impact_find_type(struct tx *tx, const struct args *args, const char *type, int64_t *type_id)
{
    int rc = OK;
    *type_id = tx_get_int(tx, &rc, args->err, 0, SELECT_TYPE, "t", type);
    if (rc == OK && *type_id == 0)
        rc = args_fail(args, type, "there is no impact type \"%.60s\"", type);
    return rc;
}

int impact_find(struct tx *tx, const struct args *args, const char *type, json_t *level,
                struct impact *impact)
{
    struct text text;
    int rc = impact_find_type(tx, args, type, &impact->type_id);
    if (rc == OK)
        rc = args_check_text(level, args->path, args->err, 1, IMPACT_LEVEL_ID_SIZE - 1, &text);
    if (rc != OK)
        return rc;
    struct stmt *stmt = tx_query(tx, args->err, SELECT_LEVEL, "inn", impact->type_id, text.at,
                                 text.len, text.at, text.len);
    if (!stmt)
        return args->err->code;
    rc = stmt_next(stmt, args->err);
    if (rc == DB_ROW)
        copy_text(impact->level_id, sizeof(impact->level_id), stmt_text(stmt, 0));
    stmt_end(stmt);
    if (rc == DB_DONE)
        return args_fail(args, type, "the impact type \"%.60s\" has no such level", type);
    return rc < 0 ? rc : OK;
}
