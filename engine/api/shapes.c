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
    { .name = "amount", .type = "text?", .about = "A decimal: \"10.00\"" },
    { .name = "details", .type = "text?" },
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

static const struct api_shape SHAPES[] = {
    { "Incident", "An incident", INCIDENT },
    { "Person", "Who", PERSON },
    { "Environment", "Where", ENVIRONMENT },
    { "Group", "A group of categories", GROUP },
    { "Category", "What is broken", CATEGORY },
    { "Priority", "How bad", PRIORITY },
    { "CostSum", "What one type of cost comes to", COST_SUM },
    { "Metric", "The time between two milestones", METRIC },
    { "Problem", "One thing that is wrong", PROBLEM },
    { "Error", "Why a request was refused", ERROR },
    { "Health", "Is it well?", HEALTH },
    { "Ready", "Are requests answered?", READY },
    { "Readiness", "Health by part", READINESS },
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
