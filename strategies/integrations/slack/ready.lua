-- ready: the channel is complete. Whoever waits for that (bookmarks, roles, other integrations)
-- hears it now.
local conversations = require "engine.conversations"
local step = require "slack.step"

return step.unit {
  about = "Says that the channel of an incident is ready",
  order = 90,
  run = function(_, incident)
    return conversations.ready { incident_id = incident.id }
  end,
}
