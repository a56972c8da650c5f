/* parameters - of query strings: what the document says about those that routes name. */
#include "api/route.h"

#include <string.h>

static const struct api_parameter PARAMETERS[] = {
    /* ---- pages */
    { "limit", "int", "At most so many" },
    { "limit=all", "limit",
      "At most so many a page, 100 unless given; \"all\" is what tables have without it" },
    { "limit=everything", "limit", "At most so many a page; all unless given" },
    { "cursor", "text", "From the Link header of the page before" },
    { "show_tags", "=true", "Puts the tags into a list" },
    /* ---- filters of incidents */
    { "id", "text", "This number" },
    { "id__in", "text", "Numbers with commas" },
    { "id__iexact", "text", "This number" },
    { "id__gte", "int", "" },
    { "id__lte", "int", "" },
    { "id__gt", "int", "" },
    { "id__lt", "int", "" },
    { "status", "[int]",
      "10 Open, 20 Investigating, 30 Mitigating, 40 Mitigated, 50 Post-mortem, "
      "60 Closed; any of several" },
    { "_status__gte", "int", "" },
    { "_status__lte", "int", "" },
    { "_status__gt", "int", "" },
    { "_status__lt", "int", "" },
    { "environment", "[uuid]", "Any of several" },
    { "environment__value", "text", "The short name: PRD" },
    { "environment__value__in", "text", "Short names with commas" },
    { "priority", "[uuid]", "Any of several" },
    { "group", "[uuid]", "Group of the category; any of several" },
    { "incident_category", "[uuid]", "Any of several" },
    { "created_by", "[uuid]", "Any of several people" },
    { "ignore", "=true|false", "" },
    { "created_at", "text", "A time range: 2026/W47, last_month - now" },
    { "created_at__gte", "text", "A date and time" },
    { "created_at__lte", "text", "A date and time" },
    { "created_at__gt", "text", "A date and time" },
    { "created_at__lt", "text", "A date and time" },
    { "search", "text",
      "Words of title and description, best matches first; of more than 2,000 the newest 2,000 are "
      "compared, the others follow, newest first" },
    { "order_by", "text",
      "priority, title, id, created_at or created_by; several with commas, "
      "descending with \"-\"" },
    /* ---- deliveries of webhooks */
    { "state", "=waiting|delivered|failed", "" },
    /* ---- formats */
    { "format", "=json|csv|tsv", "In the place of the Accept header" },
    { "fields", "text", "Columns of CSV and TSV, with commas; __all__; a.*.b is a wildcard" },
    { "labels", "=__hidden__|__original__", "The header row of CSV and TSV" },
};
enum { PARAMETER_COUNT = sizeof(PARAMETERS) / sizeof(*PARAMETERS) };

const struct api_parameter *api_parameter_find(const char *name, size_t len)
{
    for (int i = 0; i < PARAMETER_COUNT; i++)
        if (strlen(PARAMETERS[i].name) == len && !strncmp(PARAMETERS[i].name, name, len))
            return &PARAMETERS[i];
    return NULL;
}
