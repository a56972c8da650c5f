-- postmortem_bookmark: the post-mortem, one click away from the channel, also when it moves.
local bookmarks = require "slack.bookmarks"
local documents = require "slack.documents"
local step = require "slack.step"

local TITLE = "Post-mortem"

return step.unit {
  about = "Bookmarks the post-mortem of an incident",
  events = { "postmortem.created", "records.changed" }, order = 35,
  touching = { ["records.changed"] = { "attachments" } },
  run = function(_, incident, conversation)
    local found, err = documents.of(incident.id, "postmortem")
    if not found then return nil, err end
    for _, document in ipairs(found) do
      if documents.has_link(document) then return bookmarks.set(conversation.external_id, TITLE, document.url) end
    end
  end,
}
