/* incident_rest_internal - what the files of incident_rest share. */
#pragma once
#include "api/cost_sum.h"
#include "api/incident_rest.h"
#include "api/people_json.h"
#include "api/reference_cache.h"

enum part {
    PART_TAGS,
    PART_COSTS,
    PART_METRICS,
    PART_POSTMORTEM_URL,
    PART_TICKET_KEY,
    PART_TICKET_URL,
    PARTS
};

/* A piece of incident_rest.text. */
struct piece {
    size_t at, len;
};

struct role {
    int next;          /* index of the incident's next role; -1: last */
    struct piece slug; /* as JSON text */
    int person;
};

struct row {
    int64_t id;
    struct piece head;   /* members before the environment */
    struct piece middle; /* the channel's name and the page's URL */
    const struct fragment *environment, *category, *priority;
    int creator;
    bool is_ignored;
    int first_role, last_role; /* indexes; -1: none */
    struct buf parts[PARTS];   /* members, elements for the tags, values of the links */
};

struct incident_rest {
    struct api_names names;
    struct incident_rest_shape shape;
    char url_head[OP_BASE_URL_SIZE +
                  32]; /* of an incident's page, as JSON text without the closing quote */
    size_t url_head_len;
    struct reference_set *references;
    const struct tz *zone;
    struct people_json *people;
    struct buf text, scratch;
    struct row *rows;
    int count, room;
    struct row **by_id; /* sorted */
    struct role *roles;
    int role_count, role_room;
    struct row *cost_row; /* of the sum that is open; NULL: none is */
    struct buf cost_name;
    struct cost_sum cost;
};

/* A text of a query's row as a JSON string. */
void incident_rest_append_text(struct buf *out, struct stmt *stmt, int column);
