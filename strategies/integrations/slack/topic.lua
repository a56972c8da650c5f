-- topic: the facts of the incident, readable above its channel.
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local step = require "slack.step"

return step.unit {
  about = "Sets the topic of an incident's channel",
  order = 20,
  run = function(_, incident, conversation)
    return client.call("conversations.setTopic", {
      channel = conversation.external_id, topic = incident_text.topic(incident),
    })
  end,
}
