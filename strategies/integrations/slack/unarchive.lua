-- unarchive: an incident that is opened again gets its channel back, before anything is said there.
local conversations = require "engine.conversations"
local status = require "incident_status"
local client = require "slack.client"
local step = require "slack.step"

local function unarchive(_, incident, conversation, event)
  if event.old_status ~= status.CLOSED or incident.status == status.CLOSED then return end
  local _, err = client.call("conversations.unarchive", { channel = conversation.external_id })
  if err and err.slack ~= "not_archived" then return nil, err end
  return conversations.save {
    platform = "slack", external_id = conversation.external_id, status = "opened",
  }
end

return step.unit {
  about = "Brings back the channel of an incident that is opened again", event = "incident.updated",
  order = 5, with_archived = true, run = unarchive,
  touching = { ["incident.updated"] = { "status" } },
}
