/* incident_write - what the routes do that change one incident: one struct api_write each. */
#pragma once
#include "api/write.h"

extern const struct api_write INCIDENT_PATCH;
extern const struct api_write INCIDENT_CLOSE;
extern const struct api_write INCIDENT_REOPEN;
extern const struct api_write INCIDENT_DOWNGRADE;
extern const struct api_write INCIDENT_ADD_UPDATE;
extern const struct api_write INCIDENT_SET_KEY_EVENTS;
extern const struct api_write INCIDENT_SET_ROLES;
extern const struct api_write INCIDENT_ADD_MEMBER;
extern const struct api_write INCIDENT_REMOVE_MEMBER;

/* And those that read what belongs to one. */
extern const struct api_write INCIDENT_UPDATES;
extern const struct api_write INCIDENT_STATE;
extern const struct api_write INCIDENT_MAKE_PRIVATE;
extern const struct api_write INCIDENT_LIFECYCLE;
extern const struct api_write INCIDENT_KEY_EVENTS;
extern const struct api_write INCIDENT_ROLES;
extern const struct api_write INCIDENT_MEMBERS;
