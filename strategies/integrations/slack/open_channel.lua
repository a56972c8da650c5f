-- open_channel: a critical incident gets its channel.
local incidents = require "engine.incidents"
local opening = require "slack.opening"
local rules = require "slack.rules"

local function open_channel(ctx, event)
  if event.response_type == "normal" then return end     -- the commonest case, without a look
  local incident, err = incidents.get { id = event.incident_id }
  if not incident then return nil, err end
  if incident.conversation or not rules.has_channel(incident) then return end
  return opening.open(ctx, incident)
end

return {
  about = "Opens the channel of a critical incident",
  order = 10,
  enabled = function(settings) return settings.slack.token ~= "" end,
  on = { ["incident.created"] = open_channel },
}
