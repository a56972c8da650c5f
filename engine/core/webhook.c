/* webhook - the declared webhooks: which other systems are told of what. Sending is a job of the
 * scripts (strategies/integrations/webhooks); see webhook_delivery.c. */
#include "base/clock.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "core/webhook_delivery.h"
#include "store/db.h"

enum {
    URL_LONGEST = 2000,
    EVENTS_MOST = 50,
    EVENTS_LONGEST = 256 * 1024,
    WEBHOOKS_MOST = 100,
};

static const char DEACTIVATE[] = "UPDATE webhook SET is_active = 0 WHERE is_active = 1";
static const char DECLARE[] =
    "INSERT INTO webhook (name, url, events, is_private, is_active, updated_at_ms)"
    " VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT (name) DO UPDATE SET url = excluded.url, events ="
    " excluded.events, is_private = excluded.is_private, is_active = 1, updated_at_ms ="
    " excluded.updated_at_ms";

static int declare_one(struct op_call *call, struct args *row)
{
    struct text name, url;
    json_t *events = NULL;
    bool is_private = false;
    int rc = args_row_refuse_unknown(row, "name", "url", "events", "private");
    if (rc != OK || (rc = args_text(row, "name", 1, WEBHOOK_NAME_LONGEST, &name)) != OK ||
        (rc = args_text(row, "url", 1, URL_LONGEST, &url)) != OK ||
        (rc = args_array_optional(row, "events", EVENTS_MOST, &events)) != OK ||
        (rc = args_bool_optional(row, "private", &is_private)) != OK)
        return rc;
    AUTO_JSON json_t *list = json_array();
    if (json_is_array(events))
        json_array_extend(list, events);
    AUTO_FREE char *text = NULL;
    rc = args_json_text(row, "events", list, EVENTS_LONGEST, &text);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, DECLARE, "nntbi", name.at, name.len, url.at, url.len,
                     text, (int)is_private, clock_now_ms());
    return rc < 0 ? rc : OK;
}

/* webhook.declare {webhooks[]{name, url, events[]?, private?}} -> {} */
static int webhook_declare(struct op_call *call)
{
    struct args args = args_of(call);
    json_t *rows, *item;
    size_t index;
    int rc = args_refuse_unknown(call, "webhooks");
    if (rc != OK || (rc = args_array(&args, "webhooks", WEBHOOKS_MOST, &rows)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, DEACTIVATE, "");
    json_array_foreach (rows, index, item) {
        struct args row;
        if (rc >= 0)
            rc = args_enter(&args, "webhooks", (int)index, item, &row);
        if (rc >= 0)
            rc = declare_one(call, &row);
        if (rc < 0)
            return rc;
    }
    if (rc >= 0)
        op_answer_empty(call);
    return rc < 0 ? rc : OK;
}

static const char SELECT_WEBHOOKS[] =
    "SELECT w.name, w.url, w.events, w.is_private,"
    " (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'waiting'),"
    " (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'delivered'),"
    " (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'failed')"
    " FROM webhook w WHERE w.is_active = 1 ORDER BY w.name";

static void write_webhook(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "name", stmt_text(stmt, 0));
    json_put_text(w, "url", stmt_text(stmt, 1));
    json_put_stored(w, "events", stmt_text(stmt, 2));
    json_put_bool(w, "is_private", stmt_int(stmt, 3) != 0);
    json_put_int(w, "waiting", stmt_int(stmt, 4));
    json_put_int(w, "delivered", stmt_int(stmt, 5));
    json_put_int(w, "failed", stmt_int(stmt, 6));
    json_object_finish(w);
}

/* webhook.list {} -> [{name, url, events[], is_private, waiting, delivered, failed}] */
static int webhook_list(struct op_call *call)
{
    int rc = args_refuse_unknown(call, "");
    return rc != OK ? rc
                    : op_write_rows(call, tx_query(call->tx, call->err, SELECT_WEBHOOKS, ""),
                                    write_webhook);
}

const struct op WEBHOOK_OPS[] = {
    { "webhook.declare", true, webhook_declare,
      "{webhooks[]{name, url, events[]?, private?}}: what the config declares; others end" },
    { "webhook.list", false, webhook_list,
      "{}: the declared webhooks with the number of their deliveries by state" },
    { 0 },
};
