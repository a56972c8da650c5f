-- topic: the facts of the incident, readable above its channel; set anew when one of them changes.
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local step = require "slack.step"

return step.unit {
  about = "Keeps the topic of an incident's channel",
  events = { "conversation.created", "incident.updated" }, order = 20,
  touching = { ["incident.updated"] = { "status", "priority", "category" } },
  run = function(_, incident, conversation)
    return client.call("conversations.setTopic", {
      channel = conversation.external_id, topic = incident_text.topic(incident),
    })
  end,
}
