-- topic: the facts of the incident, readable above its channel; set anew when one of them changes.
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local step = require "slack.step"

local SHOWN = { status = true, priority = true, category = true }

local function is_touched(event)
  if event.kind ~= "incident.updated" then return true end
  for _, field in ipairs(event.updated_fields) do
    if SHOWN[field] then return true end
  end
  return false
end

return step.unit {
  about = "Keeps the topic of an incident's channel",
  events = { "conversation.created", "incident.updated" }, order = 20,
  wants = is_touched,
  run = function(_, incident, conversation)
    return client.call("conversations.setTopic", {
      channel = conversation.external_id, topic = incident_text.topic(incident),
    })
  end,
}
