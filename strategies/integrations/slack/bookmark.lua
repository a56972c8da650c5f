-- bookmark: the incident's page, one click away from its channel.
local bookmarks = require "slack.bookmarks"
local step = require "slack.step"

return step.unit {
  about = "Bookmarks the page of an incident",
  event = "conversation.ready", order = 10,
  run = function(ctx, incident, conversation)
    return bookmarks.add(ctx, conversation.external_id, "Incident page", incident.url)
  end,
}
