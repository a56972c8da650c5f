/* incident_write - see incident_write.h. The rules are the kernel's; here stands what the bodies
 * look like and which operation each becomes. */
#include "api/incident_write.h"

#include "api/incident_rest.h"
#include "api/shaped.h"
#include "core/incident_detail.h"

#include <string.h>

enum { TITLE_MAX = 128, MESSAGE_MAX = 10000, REASON_MAX = 40, REFERENCE_MAX = 100, WHY_MAX = 500 };

/* ---- fields that several bodies have ---------------------------------------------------------- */

#define MESSAGE(name_, about_)                                                 \
    {                                                                          \
        .name = (name_), .type = "text", .max = MESSAGE_MAX, .about = (about_) \
    }
#define STATUS                                                                                 \
    {                                                                                          \
        .name = "status?", .type = "status",                                                   \
        .about = "Its number (40) or its name (Mitigated); lifecycle/ says what may come next" \
    }
#define PRIORITY                                                           \
    {                                                                      \
        .name = "priority_id?", .type = "uuid", .argument = "priority",    \
        .exists = "SELECT 1 FROM priority WHERE id = ? AND is_active = 1", \
        .about = "See priorities/"                                         \
    }
#define CATEGORY                                                                              \
    {                                                                                         \
        .name = "incident_category_id?", .type = "uuid", .argument = "category",              \
        .exists = "SELECT 1 FROM category WHERE id = ? AND is_active = 1",                    \
        .about = "See incident-categories/; a private one does not make the incident private" \
    }
#define ENVIRONMENT                                                           \
    {                                                                         \
        .name = "environment_id?", .type = "uuid", .argument = "environment", \
        .exists = "SELECT 1 FROM environment WHERE id = ? AND is_active = 1", \
        .about = "See environments/"                                          \
    }
#define TEXTS                                                                         \
    { .name = "title?", .type = "text", .max = TITLE_MAX, .about = "What is wrong" }, \
    {                                                                                 \
        .name = "description?", .type = "text", .about = "What is known so far"       \
    }
#define CLOSURE                                                                           \
    { .name = "closure_reason?",                                                          \
      .type = "text",                                                                     \
      .max = REASON_MAX,                                                                  \
      .about = "Why it ends before anybody mitigated it; lifecycle/ lists the reasons" }, \
    {                                                                                     \
        .name = "closure_reference?", .type = "text", .max = REFERENCE_MAX,               \
        .about = "What the reason points to: #1234, or an address"                        \
    }
#define EVENT                                                           \
    { .name = "event_type?",                                            \
      .type = "text",                                                   \
      .max = 64,                                                        \
      .about = "The key event that this step is; see key-events/" },    \
    {                                                                   \
        .name = "event_at?", .type = "time", .argument = "event_at_ms", \
        .about = "When it happened; now unless given"                   \
    }

#define MARKS                                                                           \
    { .name = "ignore?",                                                                \
      .type = "flag",                                                                   \
      .about = "May be closed without conditions; left out of metrics and reminders" }, \
    {                                                                                   \
        .name = "drill?", .type = "flag",                                               \
        .about = "An exercise: marked as one, left out of metrics"                      \
    }

/* ---- one step on the timeline ----------------------------------------------------------------- */

static const struct api_field PATCH_FIELDS[] = {
    TEXTS,    STATUS,      PRIORITY,
    CATEGORY, ENVIRONMENT, MESSAGE("message?", "For the timeline; wanted when it is reopened"),
    CLOSURE,  EVENT,       MARKS,
    { 0 },
};
static const struct api_shape PATCH_BODY = { .name = "IncidentChange",
                                             .about = "What becomes different; the rest stays",
                                             .fields = PATCH_FIELDS,
                                             .is_strict = true };

const struct api_write INCIDENT_PATCH = {
    .op = "incident.update",
    .path = "id#",
    .body = &PATCH_BODY,
    .answer = incident_read_one,
    .arg = &INCIDENT_WHOLE,
};

static int refuse_no_change(struct api_read *read, struct err *err)
{
    api_errors_add(&read->errors, "required", "message", "%s",
                   "A message is required when nothing else changes.");
    return err_set(err, ERR_INVALID, "nothing would change");
}

/* The record that was made. */
static int answer_update(struct tx *tx, struct api_read *read, struct err *err)
{
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    const char *id = json_string_value(json_object_get(read->result, "update_id"));
    if (!id)
        return refuse_no_change(read, err);
    json_writer_init(&w, &text);
    int rc = incident_update_write(tx, &w, id, err);
    if (rc != OK)
        return rc;
    json_t *update = json_loadb(text.data, text.len, 0, NULL);
    json_writer_init(&w, &read->out);
    shaped_write(&w, "Update", update, read->zone);
    json_decref(update);
    return OK;
}

const struct api_write INCIDENT_ADD_UPDATE = {
    .op = "incident.update",
    .path = "id#",
    .body = &PATCH_BODY,
    .answer = answer_update,
};

/* ---- its end, and back ------------------------------------------------------------------------ */

static const struct api_field CLOSE_FIELDS[] = {
    MESSAGE("message?", "The last word on the timeline"), CLOSURE, TEXTS, PRIORITY, CATEGORY, { 0 },
};
static const struct api_shape CLOSE_BODY = {
    .name = "IncidentClosing", .about = "How it ended", .fields = CLOSE_FIELDS, .is_strict = true
};

const struct api_write INCIDENT_CLOSE = {
    .op = "incident.close",
    .path = "id#",
    .body = &CLOSE_BODY,
    .answer = incident_read_one,
    .arg = &INCIDENT_WHOLE,
};

static const struct api_field REOPEN_FIELDS[] = {
    MESSAGE("message", "Why; at least 10 characters"),
    STATUS,
    { 0 },
};
static const struct api_shape REOPEN_BODY = { .name = "IncidentReopening",
                                              .about = "Back to work; to Investigating unless a "
                                                       "status is given",
                                              .fields = REOPEN_FIELDS,
                                              .is_strict = true };

const struct api_write INCIDENT_REOPEN = {
    .op = "incident.reopen",
    .path = "id#",
    .body = &REOPEN_BODY,
    .answer = incident_read_one,
    .arg = &INCIDENT_WHOLE,
};

static const struct api_field DOWNGRADE_FIELDS[] = {
    MESSAGE("message?", "Why it is none"),
    { 0 },
};
static const struct api_shape DOWNGRADE_BODY = { .name = "IncidentDowngrading",
                                                 .about = "It was no incident",
                                                 .fields = DOWNGRADE_FIELDS,
                                                 .is_strict = true };

const struct api_write INCIDENT_DOWNGRADE = {
    .op = "incident.downgrade",
    .path = "id#",
    .body = &DOWNGRADE_BODY,
    .answer = incident_read_one,
    .arg = &INCIDENT_WHOLE,
};

/* Also who loses sight of it by that sees the answer. */
const struct api_write INCIDENT_MAKE_PRIVATE = {
    .op = "incident.make_private",
    .path = "id#",
    .answer = incident_read_created,
    .arg = &INCIDENT_WHOLE,
};

/* ---- key events, roles, members --------------------------------------------------------------- */

static const struct api_field KEY_EVENTS_FIELDS[] = {
    { .name = "key_events", .type = "{time?}", .about = "By event type; null removes one" },
    { 0 },
};
static const struct api_shape KEY_EVENTS_BODY = { .name = "KeyEventsChange",
                                                  .about = "Key events that become different",
                                                  .fields = KEY_EVENTS_FIELDS,
                                                  .is_strict = true };

/* Answers with a list that another operation reads: what the caller sees afterwards. */
static int answer_with(struct tx *tx, struct api_read *read, const char *op, const char *from,
                       const char *type, struct err *err)
{
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &text);
    json_t *args = json_pack("{s:I}", "id", (json_int_t)read->id);
    struct op_call call = { .tx = tx, .actor = &ACTOR_ENGINE, .args = args, .out = &w, .err = err };
    int rc = op_find(op)->run(&call);
    json_decref(args);
    if (rc != OK)
        return rc;
    json_t *result = json_loadb(text.data, text.len, 0, NULL);
    json_writer_init(&w, &read->out);
    shaped_write(&w, type, from ? json_object_get(result, from) : result, read->zone);
    json_decref(result);
    return OK;
}

static int answer_key_events(struct tx *tx, struct api_read *read, struct err *err)
{
    return answer_with(tx, read, "incident.key_events", NULL, "[KeyEvent]", err);
}

const struct api_write INCIDENT_SET_KEY_EVENTS = {
    .op = "incident.set_key_events",
    .path = "id#",
    .body = &KEY_EVENTS_BODY,
    .answer = answer_key_events,
};

static const struct api_field ROLES_FIELDS[] = {
    { .name = "roles",
      .type = "{people?}",
      .about = "By role: a person's id or e-mail address, several, or null for nobody" },
    { 0 },
};
static const struct api_shape ROLES_BODY = { .name = "RolesChange",
                                             .about = "Roles that get other holders",
                                             .fields = ROLES_FIELDS,
                                             .is_strict = true };

static int answer_roles(struct tx *tx, struct api_read *read, struct err *err)
{
    return answer_with(tx, read, "incident.get", "roles", "[RoleHolder]", err);
}

const struct api_write INCIDENT_SET_ROLES = {
    .op = "incident.set_roles",
    .path = "id#",
    .body = &ROLES_BODY,
    .answer = answer_roles,
};

static const struct api_field MEMBER_FIELDS[] = {
    { .name = "person",
      .type = "people",
      .argument = "person_id",
      .about = "Who joins: id or e-mail address" },
    { .name = "reason?", .type = "text", .max = WHY_MAX, .about = "For the audit log" },
    { 0 },
};
static const struct api_shape MEMBER_BODY = { .name = "MemberJoining",
                                              .about = "Who becomes part of it",
                                              .fields = MEMBER_FIELDS,
                                              .is_strict = true };

static int answer_members(struct tx *tx, struct api_read *read, struct err *err)
{
    return answer_with(tx, read, "incident.members", NULL, "[Member]", err);
}

const struct api_write INCIDENT_ADD_MEMBER = {
    .op = "incident.add_member",
    .path = "id#",
    .body = &MEMBER_BODY,
    .answer = answer_members,
};
const struct api_write INCIDENT_REMOVE_MEMBER = {
    .op = "incident.remove_member",
    .path = "id# person:person_id",
};

/* ---- reads ------------------------------------------------------------------------------------ */

const struct api_write INCIDENT_UPDATES = { .op = "incident.detail",
                                            .path = "id#",
                                            .from = "updates" };
const struct api_write INCIDENT_STATE = { .op = "incident.get", .path = "id#" };
const struct api_write INCIDENT_LIFECYCLE = { .op = "incident.lifecycle", .path = "id#" };
const struct api_write INCIDENT_KEY_EVENTS = { .op = "incident.key_events", .path = "id#" };
const struct api_write INCIDENT_ROLES = { .op = "incident.get", .path = "id#", .from = "roles" };
const struct api_write INCIDENT_MEMBERS = { .op = "incident.members", .path = "id#" };
