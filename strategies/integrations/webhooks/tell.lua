-- tell: an event becomes a delivery for each webhook that wants it. The body is made once, here: attempts and replays
-- send the same bytes. The kernel says which webhooks may hear of the incident.
local config = require "engine.config"
local incidents = require "engine.incidents"
local kernel = require "engine.kernel"
local events = require "webhooks.events"
local payload = require "webhooks.payload"

local function tell(ctx, event)
  local incident, err = incidents.get { id = event.incident_id }
  if not incident then return nil, err end
  local body = payload.encode(event, incident, ctx.created_at_ms)
  for _, hook in ipairs(config.webhooks) do
    if events.is_wanted(hook, event.kind) then
      local _, problem = kernel.call("webhook.prepare", {
        webhook = hook.name, kind = event.kind, incident_id = incident.id, job_id = ctx.job_id, body = body,
      })
      if problem then return nil, problem end
    end
  end
end

local on = {}
for _, kind in ipairs(events.KINDS) do on[kind] = tell end

return {
  about = "Makes the deliveries of an event to the webhooks",
  enabled = function(settings) return #settings.webhooks > 0 end,
  on = on,
}
