-- join: the app is in its own channel. (In a private one it is already: it created it, and nobody
-- can join.)
local client = require "slack.client"
local step = require "slack.step"

return step.unit {
  about = "Joins the channel of an incident",
  order = 10,
  run = function(_, incident, conversation)
    if incident.is_private then return end
    return client.call("conversations.join", { channel = conversation.external_id })
  end,
}
