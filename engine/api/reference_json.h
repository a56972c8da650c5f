/* reference_json - the REST shapes of reference rows, as they stand alone in lists and inside
 * incidents. */
#pragma once
#include <stdint.h>

#include "base/json_writer.h"

struct stmt;
struct tz;

/* Writes one object from a row of its SELECT; column 0 is the id. Times are told in <zone>. */
typedef void (*row_json_fn)(struct json_writer *w, struct stmt *stmt, const struct tz *zone);

/* SELECT ... FROM ... up to where a condition or an order begins. Column 0 is the id. */
#define SELECT_ENVIRONMENTS \
    "SELECT id, value, name, description, position, is_default FROM environment"
#define SELECT_PRIORITIES                                                                   \
    "SELECT id, name, value, emoji, description, position, is_default, needs_postmortem,"   \
    " enabled_create, enabled_update, reminder_time_ms, sla_ms, recommended_response_type," \
    " created_at_ms, updated_at_ms FROM priority"
#define SELECT_COST_TYPES                                                             \
    "SELECT id, name, description, category, is_default, is_editable, created_at_ms," \
    " updated_at_ms FROM cost_type"
#define SELECT_RUNBOOKS                                                                 \
    "SELECT id, name, page_id, page_url, page_edit_url, created_at_ms, updated_at_ms, " \
    "body_storage,"                                                                     \
    " body_view, body_export_view, version, title, service_name, service_type FROM runbook"
#define SELECT_GROUPS \
    "SELECT id, name, description, position, created_at_ms, updated_at_ms FROM category_group"
#define SELECT_CATEGORIES                                                                          \
    "SELECT c.id, c.name, c.description, c.position, c.is_private, c.deploy_warning,"              \
    " c.created_at_ms, c.updated_at_ms, g.id, g.name, g.description, g.position, g.created_at_ms," \
    " g.updated_at_ms FROM category c JOIN category_group g ON g.id = c.group_id"

/* Each is a row_json_fn. */
void rest_environment_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone);
void rest_priority_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone);
void rest_cost_type_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone);
void rest_runbook_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone);
void rest_group_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone);
void rest_category_write(struct json_writer *w, struct stmt *stmt, const struct tz *zone);

/* Member with a time, as tz_format_iso() has it. */
void json_put_time(struct json_writer *w, const char *key, int64_t epoch_ms, const struct tz *zone);
/* Member with a duration: "[D ]HH:MM:SS[.ffffff]". */
void json_put_duration(struct json_writer *w, const char *key, int64_t duration_us);
