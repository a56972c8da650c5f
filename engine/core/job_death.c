#include "core/job_death.h"

#include "base/json_writer.h"
#include "core/event.h"
#include "store/db.h"

static const char DIED[] = "job.died";

static const char SELECT_OVER[] =
    "SELECT handler, COALESCE(incident_id, 0), error_text FROM job WHERE id = ?"
    " AND state IN ('dead','cancelled') AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = "
    "job.event_id AND event.kind = ?)";

static void write_payload(struct buf *payload, int64_t job_id, const char *handler,
                          const char *error)
{
    struct json_writer w;
    json_writer_init(&w, payload);
    json_object_begin(&w);
    json_put_int(&w, "job_id", job_id);
    json_put_text(&w, "handler", handler);
    json_key(&w, "fields");
    json_array_begin(&w);
    json_text(&w, handler);
    json_array_finish(&w);
    json_put_text(&w, "error", error);
    json_object_finish(&w);
}

int job_death_tell(struct tx *tx, int64_t job_id, struct err *err)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    struct stmt *stmt = tx_query(tx, err, SELECT_OVER, "it", job_id, DIED);
    if (!stmt)
        return err->code;
    int64_t incident_id = 0;
    int rc = stmt_next(stmt, err);
    bool is_told = rc == DB_ROW;
    if (is_told) {
        incident_id = stmt_int(stmt, 1);
        write_payload(&payload, job_id, stmt_text(stmt, 0), stmt_text(stmt, 2));
    }
    stmt_end(stmt);
    if (rc < 0 || !is_told)
        return rc < 0 ? rc : OK;
    return event_emit_aside(tx, DIED, incident_id, buf_text(&payload), err);
}
