#include "api/reference_json.h"

#include "base/tz.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void json_put_time(struct json_writer *w, const char *key, int64_t epoch_ms, const struct tz *zone)
{
    json_key(w, key);
    json_raw(w, "\"", 1);
    tz_format_iso(zone, epoch_ms, w->out);
    buf_putc(w->out, '"');
}

void json_put_duration(struct json_writer *w, const char *key, int64_t duration_us)
{
    char text[64];
    char fraction[16] = "";
    char days_text[24] = "";
    int64_t seconds = duration_us / 1000000;
    int64_t days = seconds / 86400;
    if (days)
        snprintf(days_text, sizeof(days_text), "%" PRId64 " ", days);
    if (duration_us % 1000000)
        snprintf(fraction, sizeof(fraction), ".%06d", (int)(duration_us % 1000000));
    snprintf(text, sizeof(text), "%s%02d:%02d:%02d%s", days_text, (int)(seconds / 3600 % 24),
             (int)(seconds / 60 % 60), (int)(seconds % 60), fraction);
    json_put_text(w, key, text);
}

void rest_environment_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    (void)zone;
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "value", stmt_text(stmt, 1));
    json_put_text(w, "name", stmt_text(stmt, 2));
    json_put_text(w, "description", stmt_text(stmt, 3));
    json_put_int(w, "order", stmt_int(stmt, 4));
    json_put_bool(w, "default", stmt_int(stmt, 5));
    json_object_finish(w);
}

void rest_priority_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_int(w, "value", stmt_int(stmt, 2));
    json_put_text(w, "emoji", stmt_text(stmt, 3));
    json_put_text(w, "description", stmt_text(stmt, 4));
    json_put_int(w, "order", stmt_int(stmt, 5));
    json_put_bool(w, "default", stmt_int(stmt, 6));
    json_put_bool(w, "needs_postmortem", stmt_int(stmt, 7));
    json_put_bool(w, "enabled_create", stmt_int(stmt, 8));
    json_put_bool(w, "enabled_update", stmt_int(stmt, 9));
    json_put_duration(w, "reminder_time", stmt_int(stmt, 10) * 1000);
    json_put_duration(w, "sla", stmt_int(stmt, 11) * 1000);
    json_put_text(w, "recommended_response_type", stmt_text(stmt, 12));
    json_put_time(w, "created_at", stmt_int(stmt, 13), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, 14), zone);
    json_object_finish(w);
}

/* A group whose columns begin at <at>. */
static void write_group_at(struct json_writer *w, struct stmt *stmt, int at, const struct tz *zone)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, at));
    json_put_text(w, "name", stmt_text(stmt, at + 1));
    json_put_text(w, "description", stmt_text(stmt, at + 2));
    json_put_int(w, "order", stmt_int(stmt, at + 3));
    json_put_time(w, "created_at", stmt_int(stmt, at + 4), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, at + 5), zone);
    json_object_finish(w);
}

void rest_cost_type_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_text(w, "description", stmt_text(stmt, 2));
    json_put_text(w, "category", stmt_text(stmt, 3));
    json_put_bool(w, "default", stmt_int(stmt, 4));
    json_put_bool(w, "editable", stmt_int(stmt, 5));
    json_put_time(w, "created_at", stmt_int(stmt, 6), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, 7), zone);
    json_object_finish(w);
}

void rest_runbook_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_int(w, "page_id", stmt_int(stmt, 2));
    json_put_text(w, "page_url", stmt_text(stmt, 3));
    json_put_text(w, "page_edit_url", stmt_text(stmt, 4));
    json_put_time(w, "created_at", stmt_int(stmt, 5), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, 6), zone);
    json_put_text(w, "body_storage", stmt_text(stmt, 7));
    json_put_text(w, "body_view", stmt_text(stmt, 8));
    json_put_text(w, "body_export_view", stmt_text(stmt, 9));
    json_put_raw(w, "version", stmt_text(stmt, 10));
    json_put_text(w, "title", stmt_text(stmt, 11));
    json_put_text(w, "service_name", stmt_text(stmt, 12));
    json_put_text(w, "service_type", stmt_text(stmt, 13));
    json_object_finish(w);
}

void rest_group_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    write_group_at(w, stmt, 0, zone);
}

void rest_category_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_key(w, "group");
    write_group_at(w, stmt, 8, zone);
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_text(w, "description", stmt_text(stmt, 2));
    json_put_int(w, "order", stmt_int(stmt, 3));
    json_put_bool(w, "private", stmt_int(stmt, 4));
    json_put_bool(w, "deploy_warning", stmt_int(stmt, 5));
    json_put_time(w, "created_at", stmt_int(stmt, 6), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, 7), zone);
    json_object_finish(w);
}
