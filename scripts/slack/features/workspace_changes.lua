-- workspace_changes: what happens to conversations and people in the workspace, taken over into the store.
-- Only conversations that we know already are touched; what an event that never came would have
-- said, the next sync says.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local log = require "engine.log"
local client = require "slack.client"
local people = require "slack.people"

local function id_of(value)
  if type(value) == "table" then value = value.id end
  return type(value) == "string" and value or nil
end

local function save(channel_id, changes)
  if not channel_id then return end
  changes.platform, changes.external_id = "slack", channel_id
  local saved, err = conversations.save(changes)
  if saved or err.code == "not_found" then return end
  log.warn("a conversation's event was not taken over: " .. tostring(err))
end

local function renamed(event)
  local channel = type(event.channel) == "table" and event.channel or {}
  if type(channel.name) == "string" then save(id_of(channel), { name = channel.name }) end
end

local function with_status(status)
  return function(event) save(id_of(event.channel), { status = status }) end
end

-- Archiving takes everybody out of a channel, the app too; a private one has to invite it.
local function unarchived(event)
  local channel_id = id_of(event.channel)
  save(channel_id, { status = "opened" })
  local conversation = channel_id and conversations.get { platform = "slack", external_id = channel_id }
  if not conversation or conversation.type == "private" then return end
  return function()
    local _, err = client.call("conversations.join", { channel = channel_id })
    if err then log.warn("the app did not join the channel that was brought back: " .. tostring(err)) end
  end
end

local function shared(event) save(id_of(event.channel), { is_shared = true }) end

local function unshared(event) save(id_of(event.channel), { is_shared = event.is_ext_shared == true }) end

local function id_changed(event)
  local new_id = id_of(event.new_channel_id)
  if new_id then save(id_of(event.old_channel_id), { new_external_id = new_id }) end
end

local SUBTYPES = {}

-- Who makes the channel private wants the incident private: its page and its rows in lists follow.
function SUBTYPES.channel_convert_to_private(channel_id)
  save(channel_id, { type = "private" })
  local conversation = conversations.get { platform = "slack", external_id = channel_id }
  if not conversation or not conversation.incident_id then return end
  local done, err = incidents.make_private { id = conversation.incident_id }
  if not done then log.error("an incident is still public, its channel is private: " .. tostring(err)) end
end

-- The incident stays private: what was hidden is not shown because a channel was opened.
function SUBTYPES.channel_convert_to_public(channel_id)
  save(channel_id, { type = "public" })
end

local function message_event(event)
  local handler, channel_id = SUBTYPES[event.subtype], id_of(event.channel)
  if handler and channel_id then handler(channel_id) end
end

local function user_changed(event)
  local row = people.from_user(event.user)
  if not row then return end
  local saved, err = people.save(row)
  if not saved then log.warn("a user's event was not taken over: " .. tostring(err)) end
end

return {
  events = {
    channel_rename = renamed, group_rename = renamed,
    channel_archive = with_status("archived"), group_archive = with_status("archived"),
    channel_deleted = with_status("archived"),
    channel_unarchive = unarchived, group_unarchive = unarchived,
    channel_shared = shared, channel_unshared = unshared,
    message = message_event, channel_id_changed = id_changed, team_join = user_changed, user_change = user_changed,
  },
}
