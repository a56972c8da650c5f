/* webhook_routes - what the routes of webhooks do: one struct api_write each. */
#pragma once
#include "api/write.h"

extern const struct api_write WEBHOOKS;
extern const struct api_write WEBHOOK_DELIVERIES;
extern const struct api_write WEBHOOK_DELIVERY;
extern const struct api_write WEBHOOK_REPLAY;
