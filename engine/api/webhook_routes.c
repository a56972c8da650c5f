/* webhook_routes - see webhook_routes.h. */
#include "api/webhook_routes.h"

const struct api_write WEBHOOKS = { .op = "webhook.list" };
const struct api_write WEBHOOK_DELIVERIES = { .op = "webhook.deliveries", .path = "name:webhook" };
const struct api_write WEBHOOK_DELIVERY = { .op = "webhook.delivery", .path = "id#" };
const struct api_write WEBHOOK_REPLAY = { .op = "webhook.replay", .path = "id#" };
