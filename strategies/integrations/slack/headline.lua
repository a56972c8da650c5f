-- headline: the pinned announcement says what is true now.
local headline = require "slack.headline"
local message = require "slack.message"
local step = require "slack.step"

return step.unit {
  about = "Keeps the pinned announcement up to date",
  events = { "incident.updated", "roles.assigned", "records.changed", "postmortem.created" }, order = 30,
  touching = { ["incident.updated"] = { "*" }, ["records.changed"] = { "attachments", "custom_fields", "impacts" } },
  run = function(_, incident, conversation)
    local said, unread = headline.content(incident)
    if not said then return nil, unread end
    local is_there, err = message.edit {
      conversation = conversation, incident = incident, kind = headline.KIND,
      blocks = said.blocks, text = said.text,
    }
    if is_there == nil then return nil, err end
  end,
}
