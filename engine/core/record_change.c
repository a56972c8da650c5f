#include "core/record_change.h"

#include "base/clock.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/incident_json.h"
#include "store/db.h"

static const char TOUCH_INCIDENT[] = "UPDATE incident SET updated_at_ms = ? WHERE id = ?";

static int emit(struct op_call *call, const struct record_change *change)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", change->incident_id);
    json_key(&w, "fields");
    json_array_begin(&w);
    json_text(&w, change->field);
    json_array_finish(&w);
    json_object_finish(&w);
    return event_emit(call->tx, "records.changed", change->incident_id, buf_text(&payload),
                      call->err);
}

int record_change_note(struct op_call *call, const struct record_change *change)
{
    struct audit_entry entry = { .action = change->operation,
                                 .incident_id = change->incident_id,
                                 .before = change->before,
                                 .after = change->after };
    int rc =
        tx_exec(call->tx, call->err, TOUCH_INCIDENT, "ii", clock_now_ms(), change->incident_id);
    if (rc >= 0)
        rc = audit_write(call->tx, call->actor, &entry, call->err);
    return rc == OK ? emit(call, change) : rc;
}

int record_change_answer(struct op_call *call, int64_t incident_id, bool is_changed)
{
    json_object_begin(call->out);
    json_put_bool(call->out, "is_changed", is_changed);
    json_key(call->out, "incident");
    int rc = incident_write(call->tx, call->out, incident_id, call->err);
    json_object_finish(call->out);
    return rc;
}
