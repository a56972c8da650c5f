-- announce: the first message of the channel, pinned: what happened, how bad, whose.
local headline = require "slack.headline"
local message = require "slack.message"
local step = require "slack.step"

return step.unit {
  about = "Announces an incident in its channel and pins the announcement",
  order = 40,
  run = function(ctx, incident, conversation)
    local said, err = headline.content(incident)
    if not said then return nil, err end
    return message.send(ctx, {
      conversation = conversation, incident = incident, kind = headline.KIND, is_pinned = true,
      blocks = said.blocks, text = said.text,
    })
  end,
}
