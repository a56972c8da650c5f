/* shapes - what answers look like, member by member, in the order they are written. A test holds
 * real answers against them. */
#include "api/route.h"

#include <string.h>

#define TIMES                                 \
    { .name = "created_at", .type = "time" }, \
    {                                         \
        .name = "updated_at", .type = "time"  \
    }

static const struct api_field PERSON[] = {
    { .name = "id", .type = "uuid" },
    { .name = "name", .type = "text" },
    { .name = "email", .type = "text?" },
    { 0 },
};
static const struct api_field ENVIRONMENT[] = {
    { .name = "id", .type = "uuid" },
    { .name = "value", .type = "text", .about = "The short name: PRD" },
    { .name = "name", .type = "text" },
    { .name = "description", .type = "text" },
    { .name = "order", .type = "int" },
    { .name = "default", .type = "flag" },
    { 0 },
};
static const struct api_field GROUP[] = {
    { .name = "id", .type = "uuid" },
    { .name = "name", .type = "text" },
    { .name = "description", .type = "text" },
    { .name = "order", .type = "int" },
    TIMES,
    { 0 },
};
static const struct api_field CATEGORY[] = {
    { .name = "id", .type = "uuid" },
    { .name = "group", .type = "Group" },
    { .name = "name", .type = "text" },
    { .name = "description", .type = "text" },
    { .name = "order", .type = "int" },
    { .name = "private", .type = "flag", .about = "Its incidents are seen by their members only" },
    { .name = "deploy_warning", .type = "flag" },
    TIMES,
    { 0 },
};
static const struct api_field PRIORITY[] = {
    { .name = "id", .type = "uuid" },
    { .name = "name", .type = "text" },
    { .name = "value", .type = "int", .about = "1 is the worst" },
    { .name = "emoji", .type = "text" },
    { .name = "description", .type = "text" },
    { .name = "order", .type = "int" },
    { .name = "default", .type = "flag" },
    { .name = "needs_postmortem", .type = "flag" },
    { .name = "enabled_create", .type = "flag" },
    { .name = "enabled_update", .type = "flag" },
    { .name = "reminder_time", .type = "duration" },
    { .name = "sla", .type = "duration" },
    { .name = "recommended_response_type", .type = "text?" },
    TIMES,
    { 0 },
};
static const struct api_field COST_SUM[] = {
    { .name = "amount", .type = "text?", .about = "The sum as a decimal: \"10.00\"" },
    { .name = "details", .type = "text?", .about = "Of all costs of the type" },
    { 0 },
};
static const struct api_field COST_TYPE[] = {
    { .name = "id", .type = "int" },
    { .name = "name", .type = "text" },
    { .name = "description?", .type = "text?" },
    { .name = "category?", .type = "text?" },
    { .name = "default?", .type = "flag" },
    { .name = "editable?", .type = "flag" },
    { .name = "created_at?", .type = "time" },
    { .name = "updated_at?", .type = "time" },
    { 0 },
};
static const struct api_field RUNBOOK[] = {
    { .name = "id", .type = "text" },
    { .name = "name", .type = "text" },
    { .name = "page_id", .type = "int" },
    { .name = "page_url", .type = "text" },
    { .name = "page_edit_url", .type = "text" },
    TIMES,
    { .name = "body_storage",
      .type = "text?",
      .about = "The document, as the other system stores it" },
    { .name = "body_view", .type = "text?" },
    { .name = "body_export_view", .type = "text?" },
    { .name = "version", .type = "any" },
    { .name = "title", .type = "text" },
    { .name = "service_name", .type = "text" },
    { .name = "service_type", .type = "text" },
    { 0 },
};
static const struct api_field COST[] = {
    { .name = "id", .type = "int" },
    { .name = "cost_type", .type = "CostType" },
    { .name = "amount", .type = "text?", .about = "A decimal: \"10.00\"" },
    { .name = "details", .type = "text?" },
    TIMES,
    { .name = "incident?", .type = "int" },
    { 0 },
};
static const struct api_field IMPACT_PART[] = {
    { .name = "value", .type = "text" },
    { .name = "name", .type = "text" },
    { .name = "emoji?", .type = "text?" },
    { .name = "description?", .type = "text?" },
    { 0 },
};
static const struct api_field IMPACT[] = {
    { .name = "type", .type = "ImpactPart" },
    { .name = "level", .type = "ImpactPart" },
    { 0 },
};
static const struct api_field METRIC[] = {
    { .name = "duration", .type = "duration" },
    { .name = "duration_seconds", .type = "number" },
    { .name = "metric_type", .type = "text" },
    { 0 },
};
static const struct api_field INCIDENT[] = {
    { .name = "id", .type = "int" },
    { .name = "title", .type = "text" },
    { .name = "status", .type = "=Open|Investigating|Mitigating|Mitigated|Post-mortem|Closed" },
    { .name = "description", .type = "text" },
    { .name = "created_at", .type = "time" },
    { .name = "environment", .type = "Environment" },
    { .name = "incident_category", .type = "Category" },
    { .name = "priority", .type = "Priority" },
    { .name = "@channel_name",
      .type = "text",
      .about = "\"#name\"; empty until the channel exists" },
    { .name = "status_page_url", .type = "url" },
    { .name = "postmortem_url", .type = "url?" },
    { .name = "@ticket_key", .type = "text?" },
    { .name = "@ticket_url", .type = "text?" },
    { .name = "tags?", .type = "[text]", .about = "In lists only with show_tags=true" },
    { .name = "created_by", .type = "Person" },
    { .name = "costs?",
      .type = "{CostSum}",
      .about = "By type. Not in the answer to POST incidents" },
    { .name = "metrics?", .type = "{Metric}", .about = "By type" },
    { .name = "roles?", .type = "{Person}", .about = "By role" },
    { .name = "ignore", .type = "flag" },
    { 0 },
};

static const struct api_field NAMED[] = {
    { .name = "id", .type = "uuid" },
    { .name = "name", .type = "text" },
    { .name = "value?", .type = "any", .about = "1 of P1, \"PRD\" of Production" },
    { 0 },
};
static const struct api_field UPDATE[] = {
    { .name = "id", .type = "uuid" },
    { .name = "created_at", .type = "time" },
    { .name = "created_by", .type = "Person?", .about = "null: the engine" },
    { .name = "event_type", .type = "text?", .about = "The key event that this step is" },
    { .name = "event_at", .type = "time", .about = "When it happened" },
    { .name = "message", .type = "text?" },
    { .name = "status", .type = "text?", .argument = "status_name" },
    { .name = "priority", .type = "Named?" },
    { .name = "incident_category", .type = "Named?", .argument = "category" },
    { .name = "environment", .type = "Named?" },
    { .name = "title", .type = "text?" },
    { .name = "description", .type = "text?" },
    { .name = "roles",
      .type = "any",
      .about = "New holders by role: ids of people; null: as before" },
    { 0 },
};
static const struct api_field KEY_EVENT[] = {
    { .name = "event_type", .type = "text" },
    { .name = "name", .type = "text" },
    { .name = "summary", .type = "text" },
    { .name = "user_editable", .type = "flag" },
    { .name = "is_required", .type = "flag", .about = "Wanted before the incident is closed" },
    { .name = "asked_for", .type = "flag" },
    { .name = "at", .type = "time?" },
    { .name = "by", .type = "uuid?", .about = "The person who said so" },
    { 0 },
};
static const struct api_field ROLE_HOLDER[] = {
    { .name = "slug", .type = "text" },
    { .name = "name", .type = "text" },
    { .name = "is_required", .type = "flag", .about = "Somebody must hold it" },
    { .name = "person", .type = "Person" },
    { 0 },
};
static const struct api_field MEMBER[] = {
    { .name = "person", .type = "Person" },
    { .name = "since", .type = "time" },
    { 0 },
};
static const struct api_field NEXT_STATUS[] = {
    { .name = "value", .type = "int" },
    { .name = "label", .type = "text" },
    { .name = "needs_closure_reason", .type = "flag" },
    { .name = "needs_justification", .type = "flag", .about = "A message of 10 characters" },
    { 0 },
};
static const struct api_field OBSTACLE[] = {
    { .name = "code", .type = "text" },
    { .name = "text", .type = "text", .about = "One sentence for people" },
    { 0 },
};
static const struct api_field MISSING_KEY_EVENT[] = {
    { .name = "event_type", .type = "text" },
    { .name = "name", .type = "text" },
    { .name = "summary", .type = "text?" },
    { 0 },
};
static const struct api_field CLOSURE_REASON[] = {
    { .name = "value", .type = "text" },
    { .name = "label", .type = "text" },
    { .name = "is_offered", .type = "flag", .about = "False: machines set it" },
    { 0 },
};
static const struct api_field LIFECYCLE[] = {
    { .name = "status", .type = "text", .argument = "status_name" },
    { .name = "regime", .type = "=postmortem|normal" },
    { .name = "needs_postmortem", .type = "flag" },
    { .name = "next", .type = "[NextStatus]", .about = "The current one first" },
    { .name = "can_be_closed", .type = "flag" },
    { .name = "reasons", .type = "[Obstacle]", .about = "Why it cannot be closed yet" },
    { .name = "missing_key_events", .type = "[MissingKeyEvent]" },
    { .name = "closure_reasons", .type = "[ClosureReason]" },
    { 0 },
};

static const struct api_field STATE[] = {
    { .name = "id", .type = "int" },
    { .name = "status", .type = "int", .about = "10 Open to 60 Closed" },
    { .name = "status_name",
      .type = "text",
      .about = "Open to Closed, whatever people here call it" },
    { .name = "status_label", .type = "text", .about = "What people here call it" },
    TIMES,
    { .name = "mitigated_at", .type = "time?" },
    { .name = "closed_at", .type = "time?" },
    { .name = "closure_reason", .type = "text?", .about = "Of an early end" },
    { .name = "closure_reference", .type = "text" },
    { .name = "private", .type = "flag", .argument = "is_private" },
    { .name = "ignore", .type = "flag", .argument = "is_ignored" },
    { .name = "drill", .type = "flag", .argument = "is_drill" },
    { .name = "duplicate_of", .type = "int?", .about = "The incident that it was merged into" },
    { .name = "response_type", .type = "=critical|normal" },
    { .name = "dedup_key", .type = "text?" },
    { 0 },
};

static const struct api_field WEBHOOK[] = {
    { .name = "name", .type = "text" },
    { .name = "url", .type = "url" },
    { .name = "events", .type = "[text]", .about = "Empty: all" },
    { .name = "private",
      .type = "flag",
      .argument = "is_private",
      .about = "Hears of private incidents too" },
    { .name = "waiting", .type = "int", .about = "Deliveries that are yet to be sent" },
    { .name = "delivered", .type = "int" },
    { .name = "failed", .type = "int" },
    { 0 },
};
#define DELIVERY_MEMBERS                                                                         \
    { .name = "id", .type = "int" }, { .name = "webhook", .type = "text" },                      \
        { .name = "message_id", .type = "text", .about = "The header webhook-id of every try" }, \
        { .name = "event", .type = "text", .argument = "kind" },                                 \
        { .name = "incident_id", .type = "int?" },                                               \
        { .name = "state", .type = "=waiting|delivered|failed" },                                \
        { .name = "attempts", .type = "int" }, { .name = "created_at", .type = "time" },         \
        { .name = "updated_at", .type = "time" },                                                \
        { .name = "status", .type = "int?", .about = "What the receiver answered at last" },     \
        { .name = "duration_ms", .type = "int?" },                                               \
        { .name = "answer", .type = "text?", .about = "How its answer began" },                  \
    {                                                                                            \
        .name = "error", .type = "text?", .about = "Why there was no answer"                     \
    }
static const struct api_field DELIVERY[] = { DELIVERY_MEMBERS, { 0 } };
static const struct api_field DELIVERY_TRY[] = {
    { .name = "attempt", .type = "int" },
    { .name = "at", .type = "time" },
    { .name = "duration_ms", .type = "int" },
    { .name = "status", .type = "int?" },
    { .name = "answer", .type = "text?" },
    { .name = "error", .type = "text?" },
    { 0 },
};
static const struct api_field DELIVERY_DETAIL[] = {
    DELIVERY_MEMBERS,
    { .name = "body", .type = "text", .about = "The bytes that are signed and sent" },
    { .name = "tries", .type = "[DeliveryTry]" },
    { 0 },
};
static const struct api_field REPLAY[] = {
    { .name = "count", .type = "int", .about = "Deliveries that are sent again" },
    { 0 },
};

static const struct api_field PROBLEM[] = {
    { .name = "code", .type = "text?" },
    { .name = "detail", .type = "text", .about = "One sentence for people" },
    { .name = "attr", .type = "text?", .about = "The field, with dots below the first" },
    { 0 },
};
static const struct api_field ERROR[] = {
    { .name = "type", .type = "=validation_error|client_error|server_error" },
    { .name = "errors", .type = "[Problem]" },
    { 0 },
};

static const struct api_field HEALTH[] = {
    { .name = "status", .type = "=ok|fail" },
    { 0 },
};
static const struct api_field READY[] = {
    { .name = "ready", .type = "flag" },
    { 0 },
};
static const struct api_field READINESS[] = {
    { .name = "status", .type = "=ok|fail" },
    { .name = "checks", .type = "{flag}" },
    { 0 },
};

#define SHAPE(name_, about_, fields_)                           \
    {                                                           \
        .name = (name_), .about = (about_), .fields = (fields_) \
    }

static const struct api_shape SHAPES[] = {
    SHAPE("Incident", "An incident", INCIDENT),
    SHAPE("Person", "Who", PERSON),
    SHAPE("Environment", "Where", ENVIRONMENT),
    SHAPE("Group", "A group of categories", GROUP),
    SHAPE("Category", "What is broken", CATEGORY),
    SHAPE("Priority", "How bad", PRIORITY),
    SHAPE("CostSum", "What one type of cost comes to", COST_SUM),
    SHAPE("CostType", "A type of cost", COST_TYPE),
    SHAPE("Runbook", "What to do when something breaks", RUNBOOK),
    SHAPE("Cost", "A line of an incident's costs", COST),
    SHAPE("ImpactPart", "A type of impact, or a level of it", IMPACT_PART),
    SHAPE("Impact", "How much one kind of people feels an incident", IMPACT),
    SHAPE("Metric", "The time between two milestones", METRIC),
    SHAPE("Named", "A row that something refers to", NAMED),
    SHAPE("Update", "A step on an incident's timeline", UPDATE),
    SHAPE("KeyEvent", "A milestone of an incident", KEY_EVENT),
    SHAPE("RoleHolder", "Who holds a role", ROLE_HOLDER),
    SHAPE("Member", "Who is part of an incident", MEMBER),
    SHAPE("NextStatus", "A status that may come next", NEXT_STATUS),
    SHAPE("Obstacle", "Why an incident cannot be closed yet", OBSTACLE),
    SHAPE("MissingKeyEvent", "A key event to be told before closing", MISSING_KEY_EVENT),
    SHAPE("ClosureReason", "Why an incident ends early", CLOSURE_REASON),
    SHAPE("State", "Status, times and marks of an incident", STATE),
    SHAPE("Lifecycle", "Where an incident stands", LIFECYCLE),
    SHAPE("Webhook", "Who is told what happens", WEBHOOK),
    SHAPE("Delivery", "One event on its way to one webhook", DELIVERY),
    SHAPE("DeliveryDetail", "A delivery with what was sent, and each try", DELIVERY_DETAIL),
    SHAPE("DeliveryTry", "One try to deliver", DELIVERY_TRY),
    SHAPE("Replay", "What is sent again", REPLAY),
    SHAPE("Problem", "One thing that is wrong", PROBLEM),
    SHAPE("Error", "Why a request was refused", ERROR),
    { .name = "Health",
      .about = "Is it well? With more about each part for who asks on this machine",
      .fields = HEALTH,
      .has_more = true },
    SHAPE("Ready", "Are requests answered?", READY),
    SHAPE("Readiness", "Health by part", READINESS),
};
enum { SHAPE_COUNT = sizeof(SHAPES) / sizeof(*SHAPES) };

const struct api_shape *api_shape_at(int index)
{
    return index >= 0 && index < SHAPE_COUNT ? &SHAPES[index] : NULL;
}

const struct api_shape *api_shape_find(const char *name, size_t len)
{
    for (int i = 0; i < SHAPE_COUNT; i++)
        if (strlen(SHAPES[i].name) == len && !strncmp(SHAPES[i].name, name, len))
            return &SHAPES[i];
    return NULL;
}
