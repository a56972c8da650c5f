#include "core/reference_kind.h"

/* clang-format off */
/* Shorthands for the tables below; nothing else uses them. */
#define TEXT(name, least, most) \
    { .key = name, .type = 't', .is_required = (least) > 0, .min = least, .max = most }
#define SLUG(name, most) \
    { .key = name, .type = 't', .is_required = true, .is_slug = true, .min = 1, .max = most }
#define MAYBE(name, most) { .key = name, .type = 't', .is_nullable = true, .min = 1, .max = most }
#define ORDER(absent) \
    { .key = "order", .type = 'i', .min = INT32_MIN, .max = INT32_MAX, .fallback = absent }
#define FLAG(name, absent) { .key = name, .type = 'b', .fallback = absent }
#define SPAN(name) \
    { .key = name, .type = 'i', .min = 0, .max = INT64_C(1) << 50, .fallback = 3600000 }
/* clang-format on */

const struct reference_kind PRIORITY_KIND = {
    .name = "priorities",
    .select = "SELECT id, is_active, name, value, emoji, description, position, is_default,"
              " needs_postmortem, enabled_create, enabled_update, reminder_time_ms, sla_ms,"
              " recommended_response_type FROM priority",
    .insert = "INSERT INTO priority (id, name, value, emoji, description, position, is_default,"
              " needs_postmortem, enabled_create, enabled_update, reminder_time_ms, sla_ms,"
              " recommended_response_type, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?,"
              " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE priority SET name = ?, value = ?, emoji = ?, description = ?, position = ?,"
              " is_default = ?, needs_postmortem = ?, enabled_create = ?, enabled_update = ?,"
              " reminder_time_ms = ?, sla_ms = ?, recommended_response_type = ?, is_active = 1,"
              " updated_at_ms = ? WHERE id = ?",
    .park = "UPDATE priority SET name = id, value = -1000000 - value WHERE id = ?",
    .deactivate = "UPDATE priority SET is_active = 0, updated_at_ms = ? WHERE id = ?",
    .fields = { TEXT("name", 1, 128),
                { .key = "value", .type = 'i', .is_required = true, .min = 0, .max = 1000 },
                TEXT("emoji", 0, 40),
                TEXT("description", 0, 2000),
                ORDER(0),
                FLAG("default", 0),
                FLAG("needs_postmortem", 0),
                FLAG("enabled_create", 1),
                FLAG("enabled_update", 1),
                SPAN("reminder_time"),
                SPAN("sla"),
                MAYBE("response_type", 20) },
    .field_count = 12,
    .keys = { 1, -1 },
    .second_key = 0,
    .has_text_id = true,
    .has_times = true,
};

const struct reference_kind ENVIRONMENT_KIND = {
    .name = "environments",
    .select = "SELECT id, is_active, value, name, description, position, is_default FROM"
              " environment",
    .insert = "INSERT INTO environment (id, value, name, description, position, is_default,"
              " created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE environment SET value = ?, name = ?, description = ?, position = ?,"
              " is_default = ?, is_active = 1, updated_at_ms = ? WHERE id = ?",
    .park = "UPDATE environment SET value = id WHERE id = ?",
    .deactivate = "UPDATE environment SET is_active = 0, updated_at_ms = ? WHERE id = ?",
    .fields = { TEXT("value", 1, 64), TEXT("name", 1, 128), TEXT("description", 0, 2000), ORDER(0),
                FLAG("default", 0) },
    .field_count = 5,
    .keys = { 0, -1 },
    .second_key = -1,
    .has_text_id = true,
    .has_times = true,
};

const struct reference_kind GROUP_KIND = {
    .name = "groups",
    .children = "categories",
    .select = "SELECT id, is_active, name, description, position FROM category_group",
    .insert = "INSERT INTO category_group (id, name, description, position, created_at_ms,"
              " updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
    .update = "UPDATE category_group SET name = ?, description = ?, position = ?, is_active = 1,"
              " updated_at_ms = ? WHERE id = ?",
    .park = "UPDATE category_group SET name = id WHERE id = ?",
    .deactivate = "UPDATE category_group SET is_active = 0, updated_at_ms = ? WHERE id = ?",
    .fields = { TEXT("name", 1, 128), TEXT("description", 0, 2000), ORDER(0) },
    .field_count = 3,
    .keys = { 0, -1 },
    .second_key = -1,
    .has_text_id = true,
    .has_times = true,
};

const struct reference_kind CATEGORY_KIND = {
    .name = "categories",
    .select = "SELECT id, is_active, group_id, name, description, position, is_private,"
              " deploy_warning FROM category",
    .insert = "INSERT INTO category (id, group_id, name, description, position, is_private,"
              " deploy_warning, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE category SET group_id = ?, name = ?, description = ?, position = ?,"
              " is_private = ?, deploy_warning = ?, is_active = 1, updated_at_ms = ? WHERE id = ?",
    .park = "UPDATE category SET name = id WHERE id = ?",
    .deactivate = "UPDATE category SET is_active = 0, updated_at_ms = ? WHERE id = ?",
    .fields = { { .key = NULL, .type = 't' },
                TEXT("name", 1, 128),
                TEXT("description", 0, 2000),
                ORDER(0),
                FLAG("private", 0),
                FLAG("deploy_warning", 1) },
    .field_count = 6,
    .keys = { 0, 1 },
    .second_key = -1,
    .has_text_id = true,
    .has_times = true,
};

const struct reference_kind ROLE_KIND = {
    .name = "roles",
    .select = "SELECT id, is_active, slug, name, emoji, is_required, position, summary,"
              " summary_first_person, description, aka FROM role_type",
    .insert = "INSERT INTO role_type (id, slug, name, emoji, is_required, position, summary,"
              " summary_first_person, description, aka) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE role_type SET slug = ?, name = ?, emoji = ?, is_required = ?, position = ?,"
              " summary = ?, summary_first_person = ?, description = ?, aka = ?, is_active = 1"
              " WHERE id = ?",
    .park = "UPDATE role_type SET slug = '#' || id WHERE id = ?",
    .deactivate = "UPDATE role_type SET is_active = 0 WHERE id = ?",
    .fields = { SLUG("slug", 64), TEXT("name", 1, 255), TEXT("emoji", 0, 40), FLAG("required", 0),
                ORDER(0), TEXT("summary", 0, 2000), MAYBE("summary_first_person", 2000),
                TEXT("description", 0, 2000), TEXT("aka", 0, 2000) },
    .field_count = 9,
    .keys = { 0, -1 },
    .second_key = -1,
};

const struct reference_kind MILESTONE_KIND = {
    .name = "milestones",
    .select = "SELECT id, is_active, event_type, name, summary, user_editable, is_required,"
              " asked_for, description, position FROM milestone_type",
    .insert = "INSERT INTO milestone_type (id, event_type, name, summary, user_editable,"
              " is_required, asked_for, description, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE milestone_type SET event_type = ?, name = ?, summary = ?, user_editable ="
              " ?, is_required = ?, asked_for = ?, description = ?, position = ?, is_active = 1"
              " WHERE id = ?",
    .park = "UPDATE milestone_type SET event_type = '#' || id WHERE id = ?",
    .deactivate = "UPDATE milestone_type SET is_active = 0 WHERE id = ?",
    .fields = { SLUG("event_type", 64), TEXT("name", 1, 128), TEXT("summary", 0, 2000),
                FLAG("user_editable", 1), FLAG("required", 0), FLAG("asked_for", 1),
                MAYBE("description", 2000), ORDER(0) },
    .field_count = 8,
    .keys = { 0, -1 },
    .second_key = -1,
};

const struct reference_kind METRIC_KIND = {
    .name = "metrics",
    .select = "SELECT id, is_active, type, code, name, description, milestone_end,"
              " milestone_start, position FROM metric_type",
    .insert = "INSERT INTO metric_type (id, type, code, name, description, milestone_end,"
              " milestone_start, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE metric_type SET type = ?, code = ?, name = ?, description = ?,"
              " milestone_end = ?, milestone_start = ?, position = ?, is_active = 1 WHERE id = ?",
    .park = "UPDATE metric_type SET type = '#' || id WHERE id = ?",
    .deactivate = "UPDATE metric_type SET is_active = 0 WHERE id = ?",
    .fields = { SLUG("type", 64), TEXT("code", 1, 32), TEXT("name", 1, 128),
                TEXT("description", 0, 2000), SLUG("end", 64), SLUG("start", 64), ORDER(0) },
    .field_count = 7,
    .keys = { 0, -1 },
    .second_key = -1,
};

const struct reference_kind IMPACT_KIND = {
    .name = "impacts",
    .children = "levels",
    .select = "SELECT id, is_active, value, name, emoji, help_text, position FROM impact_type",
    .insert = "INSERT INTO impact_type (id, value, name, emoji, help_text, position) VALUES (?,"
              " ?, ?, ?, ?, ?)",
    .update = "UPDATE impact_type SET value = ?, name = ?, emoji = ?, help_text = ?, position ="
              " ?, is_active = 1 WHERE id = ?",
    .park = "UPDATE impact_type SET value = '#' || id WHERE id = ?",
    .deactivate = "UPDATE impact_type SET is_active = 0 WHERE id = ?",
    .fields = { SLUG("value", 64), TEXT("name", 1, 128), TEXT("emoji", 0, 40),
                TEXT("help", 0, 2000), ORDER(10) },
    .field_count = 5,
    .keys = { 0, -1 },
    .second_key = -1,
};

const struct reference_kind LEVEL_KIND = {
    .name = "levels",
    .select = "SELECT id, is_active, impact_type_id, value, name, emoji, position, description"
              " FROM impact_level",
    .insert = "INSERT INTO impact_level (id, impact_type_id, value, name, emoji, position,"
              " description) VALUES (?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE impact_level SET impact_type_id = ?, value = ?, name = ?, emoji = ?,"
              " position = ?, description = ?, is_active = 1 WHERE id = ?",
    .deactivate = "UPDATE impact_level SET is_active = 0 WHERE id = ?",
    .fields = { { .key = NULL, .type = 'i' },
                TEXT("value", 2, 2),
                TEXT("name", 0, 128),
                TEXT("emoji", 0, 40),
                ORDER(10),
                MAYBE("description", 2000) },
    .field_count = 6,
    .keys = { 0, 1 },
    .second_key = -1,
    .has_text_id = true,
};

const struct reference_kind COST_KIND = {
    .name = "cost_types",
    .select = "SELECT id, is_active, name, description, category, is_default, is_editable FROM"
              " cost_type",
    .insert = "INSERT INTO cost_type (id, name, description, category, is_default, is_editable,"
              " created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    .update = "UPDATE cost_type SET name = ?, description = ?, category = ?, is_default = ?,"
              " is_editable = ?, is_active = 1, updated_at_ms = ? WHERE id = ?",
    .park = "UPDATE cost_type SET name = '#' || id WHERE id = ?",
    .deactivate = "UPDATE cost_type SET is_active = 0, updated_at_ms = ? WHERE id = ?",
    .fields = { TEXT("name", 1, 255), MAYBE("description", 2000), MAYBE("category", 255),
                FLAG("default", 0), FLAG("editable", 1) },
    .field_count = 5,
    .keys = { 0, -1 },
    .second_key = -1,
    .has_times = true,
};
