-- messages: what people do with messages in their client: write, mark, edit, delete. The answer to a
-- change is the event as the vendor would send it; the test sends it on when it wants to.
local controls = require "sandbox.lib.controls"
local workspace = require "sandbox.lib.workspace"

local function copy_of(message)
  local copy = {}
  for key, value in pairs(message) do copy[key] = value end
  return copy
end

-- What somebody writes in a channel, or as an answer in the thread of thread_ts.
local function say(given, channel)
  local message = {
    type = "message", ts = workspace.next_ts(), user = given.user, text = tostring(given.text),
    thread_ts = given.thread_ts,
  }
  channel.messages[message.ts] = message
  channel.message_order[#channel.message_order + 1] = message.ts
  return message
end

local function find_reaction(message, name)
  for i, reaction in ipairs(message.reactions or {}) do
    if reaction.name == name then return reaction, i end
  end
end

local function index_of(list, value)
  for i, one in ipairs(list) do
    if one == value then return i end
  end
end

local function reaction_event(kind, given, message)
  return {
    type = kind, user = given.user, reaction = given.reaction, item_user = message.user,
    item = { type = "message", channel = given.channel, ts = message.ts }, event_ts = workspace.next_ts(),
  }
end

local function react(given, _, message)
  message.reactions = message.reactions or {}
  local reaction = find_reaction(message, given.reaction)
  if not reaction then
    reaction = { name = given.reaction, users = {}, count = 0 }
    table.insert(message.reactions, reaction)
  end
  if index_of(reaction.users, given.user) then return nil, "already_reacted" end
  table.insert(reaction.users, given.user)
  reaction.count = #reaction.users
  return reaction_event("reaction_added", given, message)
end

local function unreact(given, _, message)
  local reaction, position = find_reaction(message, given.reaction)
  local index = reaction and index_of(reaction.users, given.user)
  if not index then return nil, "no_reaction" end
  table.remove(reaction.users, index)
  reaction.count = #reaction.users
  if reaction.count == 0 then table.remove(message.reactions, position) end
  if #message.reactions == 0 then message.reactions = nil end
  return reaction_event("reaction_removed", given, message)
end

-- Events about a message carry it as it is now and as it was.
local function message_event(subtype, channel, message, before, more)
  local event = {
    type = "message", subtype = subtype, hidden = true, channel = channel.id,
    channel_type = channel.is_private and "group" or "channel", ts = workspace.next_ts(), message = message,
    previous_message = before,
  }
  for key, value in pairs(more or {}) do event[key] = value end
  event.event_ts = event.ts
  return event
end

local function edit(given, channel, message)
  local before = copy_of(message)
  message.text = tostring(given.text)
  message.edited = { user = message.user, ts = workspace.next_ts() }
  return message_event("message_changed", channel, message, before)
end

local function has_answers(channel, ts)
  for _, message in pairs(channel.messages) do
    if message.thread_ts == ts and message.ts ~= ts then return true end
  end
  return false
end

-- Where others answered, a tombstone stays.
local function delete(_, channel, message)
  if has_answers(channel, message.ts) then
    local before = copy_of(message)
    message.subtype, message.user, message.text = "tombstone", "USLACKBOT", "This message was deleted."
    message.reactions, message.hidden = nil, true
    return message_event("message_changed", channel, message, before)
  end
  channel.messages[message.ts] = nil
  table.remove(channel.message_order, index_of(channel.message_order, message.ts))
  return message_event("message_deleted", channel, nil, message, { deleted_ts = message.ts })
end

--- A route: <change> gets what was sent, the channel and the message.
local function route(name, change, about)
  local is_new = change == say
  return controls.route("POST", "/sandbox/" .. name, function(given)
    local channel = workspace.get().channels[given.channel]
    local message = channel and channel.messages[given.ts]
    if not channel or not (message or is_new) then return nil, "message_not_found" end
    if not workspace.get().people[given.user] then return nil, "user_not_found" end
    return change(given, channel, message)
  end, about)
end

return {
  about = "What people do with messages",
  routes = {
    route("say", say, "Somebody writes a message"),
    route("react", react, "Somebody marks a message"),
    route("unreact", unreact, "Somebody takes a mark back"),
    route("edit", edit, "Somebody edits a message"),
    route("delete", delete, "Somebody deletes a message"),
  },
}
