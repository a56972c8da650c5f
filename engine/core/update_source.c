#include "core/update_source.h"

#include "base/mem.h"
#include "core/op.h"
#include "store/db.h"

#include <stdio.h>

enum { EXTERNAL_ID_MAX = 128, KIND_MAX = 40 };

static const char SELECT_CONVERSATION[] = "SELECT 1 FROM conversation WHERE id = ?";
static const char SELECT_RECORD[] = "SELECT id, incident_id FROM incident_update WHERE"
                                    " source_conversation_id = ? AND source_external_id = ?";

int update_source_read(struct op_call *call, const struct args *args, struct update_source *source)
{
    struct args row;
    *source = (struct update_source){ 0 };
    if (!args_has(args, "source"))
        return OK;
    int rc = args_enter(args, "source", -1, json_object_get(args->object, "source"), &row);
    if (rc != OK ||
        (rc = args_row_refuse_unknown(&row, "conversation_id", "external_id", "kind")) != OK ||
        (rc = args_text(&row, "conversation_id", 1, ID_SIZE - 1, &source->conversation_id)) != OK ||
        (rc = args_text(&row, "external_id", 1, EXTERNAL_ID_MAX, &source->external_id)) != OK ||
        (rc = args_text_optional(&row, "kind", 1, KIND_MAX, &source->kind)) != OK)
        return rc;
    bool is_known = tx_get_int(call->tx, &rc, call->err, 0, SELECT_CONVERSATION, "n",
                               source->conversation_id.at, source->conversation_id.len) == 1;
    if (rc == OK && !is_known)
        return args_fail(&row, "conversation_id", "this conversation is not known here");
    return rc;
}

int update_source_find(struct op_call *call, const struct update_source *source,
                       char update_id[ID_SIZE], int64_t *incident_id)
{
    update_id[0] = '\0';
    *incident_id = 0;
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_RECORD, "nn", source->conversation_id.at,
                 source->conversation_id.len, source->external_id.at, source->external_id.len);
    int rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    if (rc == DB_ROW) {
        copy_text(update_id, ID_SIZE, stmt_text(stmt, 0));
        *incident_id = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}
