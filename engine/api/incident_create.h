/* incident_create - what POST incidents does. */
#pragma once
#include "api/write.h"

extern const struct api_write INCIDENT_CREATE;
