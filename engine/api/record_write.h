/* record_write - what the routes do that read or change what an incident gathers: tags, impacts, custom fields, costs,
 * and whether it is a duplicate. One struct api_write each. */
#pragma once
#include "api/write.h"

extern const struct api_write INCIDENT_SET_TAGS;
extern const struct api_write INCIDENT_SET_IMPACTS;
extern const struct api_write INCIDENT_SET_CUSTOM_FIELDS;
extern const struct api_write INCIDENT_CUSTOM_FIELDS;
extern const struct api_write INCIDENT_IMPACTS;
extern const struct api_write INCIDENT_MERGE;
extern const struct api_write INCIDENT_COSTS;
extern const struct api_write INCIDENT_ADD_COST;
extern const struct api_write COST_CHANGE;
extern const struct api_write COST_REMOVE;
