-- postmortem_bookmark: the post-mortem, one click away from the channel.
local bookmarks = require "slack.bookmarks"
local documents = require "slack.documents"
local step = require "slack.step"

return step.unit {
  about = "Bookmarks the post-mortem of an incident",
  event = "postmortem.created", order = 10,
  run = function(ctx, incident, conversation)
    local found, err = documents.of(incident.id, "postmortem")
    if not found then return nil, err end
    for _, document in ipairs(found) do
      if documents.has_link(document) then
        return bookmarks.add(ctx, conversation.external_id, "Post-mortem", document.url)
      end
    end
  end,
}
