-- archive: the channel of a closed incident is put away.
local conversations = require "engine.conversations"
local status = require "incident_status"
local client = require "slack.client"
local step = require "slack.step"

local DONE = { already_archived = true, channel_not_found = true }

local function archive(_, incident, conversation)
  if incident.status ~= status.CLOSED then return end         -- reopened meanwhile
  local _, err = client.call("conversations.archive", { channel = conversation.external_id })
  if err and not DONE[err.slack] then return nil, err end
  return conversations.save {
    platform = "slack", external_id = conversation.external_id, status = "archived",
  }
end

return step.unit {
  about = "Archives the channel of a closed incident", event = "incident.closed", order = 90, run = archive,
}
