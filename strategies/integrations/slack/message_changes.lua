-- message_changes: what the timeline took over from a message says what the message says now; when the
-- message is gone the record stays, marked.
local conversations = require "engine.conversations"
local updates = require "engine.updates"
local timeline = require "slack.timeline"

-- The message is asked for: events may come late, twice and in another order.
local function change_of(record, message)
  if not message or timeline.is_tombstone(message) then
    return { id = record.id, is_source_deleted = true }
  end
  return { id = record.id, message = timeline.words(message) }
end

local function follow(_, args)
  local conversation, err = conversations.get { platform = "slack", external_id = args.channel }
  if not conversation then return nil, err end
  local record, problem = timeline.record(conversation, args.ts)
  if not record then return nil, problem end
  local message, unread = timeline.message_at(args.channel, args.ts)
  if unread then return nil, unread end
  local _, refusal = updates.edit(change_of(record, message))
  if refusal and refusal.code ~= "not_found" then return nil, refusal end
end

return {
  about = "Lets the timeline follow edited and deleted messages",
  enabled = function(settings) return settings.slack.token ~= "" end,
  jobs = { follow = follow },
}
