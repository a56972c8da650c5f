/* record_write - see record_write.h. */
#include "api/record_write.h"

#include "api/incident_rest.h"

enum { TAG_MAX = 100, DETAILS_MAX = 2000, MESSAGE_MAX = 1200 };

#define STRICT_BODY(variable, name_, about_, fields_)                              \
    static const struct api_shape variable = {                                     \
        .name = (name_), .about = (about_), .fields = (fields_), .is_strict = true \
    }

/* ---- tags, impacts, custom fields */

static const struct api_field TAGS_FIELDS[] = {
    { .name = "tags",
      .type = "[text]",
      .max = TAG_MAX,
      .about = "All of them; \"Payment\" and \"payment\" are one" },
    { 0 },
};
STRICT_BODY(TAGS_BODY, "TagsChange", "The tags it has from now on", TAGS_FIELDS);

const struct api_write INCIDENT_SET_TAGS = { .op = "incident.set_tags",
                                             .path = "id#",
                                             .body = &TAGS_BODY,
                                             .answer = incident_read_one,
                                             .arg = &INCIDENT_WHOLE };

static const struct api_field IMPACTS_FIELDS[] = {
    { .name = "impacts",
      .type = "any",
      .about = "By type: the level's value (\"HT\"), or null for none" },
    { 0 },
};
STRICT_BODY(IMPACTS_BODY, "ImpactsChange", "Impacts that become different", IMPACTS_FIELDS);

const struct api_write INCIDENT_SET_IMPACTS = {
    .op = "incident.set_impacts", .path = "id#", .body = &IMPACTS_BODY, .from = "incident.impacts"
};
const struct api_write INCIDENT_IMPACTS = { .op = "incident.get",
                                            .path = "id#",
                                            .from = "impacts" };

static const struct api_field FIELDS_FIELDS[] = {
    { .name = "custom_fields",
      .type = "any",
      .about = "By key: the value, or null to take it away" },
    { 0 },
};
STRICT_BODY(FIELDS_BODY, "CustomFieldsChange", "Custom fields that become different",
            FIELDS_FIELDS);

const struct api_write INCIDENT_SET_CUSTOM_FIELDS = { .op = "incident.set_custom_fields",
                                                      .path = "id#",
                                                      .body = &FIELDS_BODY,
                                                      .from = "incident.custom_fields" };
const struct api_write INCIDENT_CUSTOM_FIELDS = { .op = "incident.get",
                                                  .path = "id#",
                                                  .from = "custom_fields" };

/* ---- duplicates */

static const struct api_field MERGE_FIELDS[] = {
    { .name = "into", .type = "int", .about = "The incident that it repeats" },
    { .name = "message?", .type = "text", .max = MESSAGE_MAX, .about = "For the timeline" },
    { 0 },
};
STRICT_BODY(MERGE_BODY, "Merge", "Which incident it is a duplicate of", MERGE_FIELDS);

const struct api_write INCIDENT_MERGE = { .op = "incident.merge",
                                          .path = "id#",
                                          .body = &MERGE_BODY,
                                          .answer = incident_read_one,
                                          .arg = &INCIDENT_WHOLE };

/* ---- costs */

#define COST_FIELDS                                                                              \
    { .name = "cost_type?",                                                                      \
      .type = "any",                                                                             \
      .about = "Id or name of its type; the default one unless given" },                         \
        { .name = "amount?", .type = "any?", .about = "\"10.00\"; null while it is not known" }, \
    {                                                                                            \
        .name = "details?", .type = "text?", .max = DETAILS_MAX, .about = "What it is made of"   \
    }

static const struct api_field COST_BODY_FIELDS[] = { COST_FIELDS, { 0 } };
STRICT_BODY(COST_BODY, "CostChange", "A line of an incident's costs", COST_BODY_FIELDS);

const struct api_write INCIDENT_COSTS = { .op = "cost.list",
                                          .path = "id:incident_id#",
                                          .from = "costs" };
const struct api_write INCIDENT_ADD_COST = { .op = "cost.add",
                                             .path = "id:incident_id#",
                                             .body = &COST_BODY };
const struct api_write COST_CHANGE = { .op = "cost.update", .path = "id#", .body = &COST_BODY };
const struct api_write COST_REMOVE = { .op = "cost.remove", .path = "id#" };
