-- timeline: messages of an incident's channel as records of its timeline: one a message, whether a
-- reaction or a shortcut brought it there.
local config = require "engine.config"
local incidents = require "engine.incidents"
local text = require "engine.text"
local updates = require "engine.updates"
local client = require "slack.client"
local foreign = require "slack.foreign"
local workspace = require "slack.workspace"

local M = {}

local MAX = 10000
local NOT_THERE = { message_not_found = true, thread_not_found = true }

--- What people are told when they ask for what is there.
M.ALREADY = "This message is on the timeline already."

local function find(method, args, ts)
  local answer, err = client.call(method, args)
  if not answer and not NOT_THERE[err.slack] then return nil, err end
  for _, message in ipairs(foreign.table(answer and answer.messages)) do
    if message.ts == ts then return message end
  end
end

--- The message at <ts>: in the channel, else as an answer in a thread. May yield.
---@return table|nil message  nil without err: there is none
---@return table|nil err
function M.message_at(channel, ts)
  local args = {
    channel = channel, oldest = ts, latest = ts, inclusive = true, limit = 1, include_all_metadata = true,
  }
  local message, err = find("conversations.history", args, ts)
  if message or err then return message, err end
  args.ts = ts
  return find("conversations.replies", args, ts)
end

--- Did we say it ourselves? Then the timeline has it already, in other words.
---@param message table  Slack's
function M.is_ours(message)
  local identity = workspace.identity()
  return identity ~= nil and message.user == identity.user_id
    or foreign.text(foreign.table(foreign.table(message.metadata).event_payload).ff_type) ~= nil
end

--- What of a message's words a record keeps; nil when it has none.
---@return string|nil
function M.words(message)
  local words = text.clean(foreign.text(message.text) or "")
  return words:find "%S" and text.cut(words, MAX, "\u{2026}") or nil
end

--- Is this the reaction that makes a message an update? With any skin: "wave::skin-tone-3" is "wave".
function M.is_mark(name)
  return type(name) == "string" and name:match "^[^:]*" == config.slack.update_reaction
end

--- Does somebody mark the message as an update?
function M.is_marked(message)
  for _, reaction in ipairs(foreign.table(message.reactions)) do
    if M.is_mark(foreign.table(reaction).name) then return true end
  end
  return false
end

--- Who marks it. Of many, Slack names the first ones only.
---@return string[]  Slack ids
function M.markers(message)
  local ids = {}
  for _, reaction in ipairs(foreign.table(message.reactions)) do
    reaction = foreign.table(reaction)
    for _, id in ipairs(M.is_mark(reaction.name) and foreign.table(reaction.users) or {}) do
      if foreign.text(id) then ids[#ids + 1] = id end
    end
  end
  return ids
end

--- Has its author deleted the message, whose thread goes on?
function M.is_tombstone(message) return message.subtype == "tombstone" end

--- Whether <ts> is a message's.
function M.is_ts(ts)
  return type(ts) == "string" and ts:find "^%d+%.%d+$" ~= nil
end

--- Jobs about one message run one after the other.
function M.lane(channel, ts)
  return ("slack.message:%s:%s"):format(channel, ts)
end

local function source(conversation, ts, kind)
  return { conversation_id = conversation.id, external_id = ts, kind = kind }
end

--- The record that the message at <ts> made. May yield.
---@param conversation { id: string }
---@return table|nil record  nil without err: there is none, or the actor may not see it
---@return table|nil err
function M.record(conversation, ts, actor)
  local record, err = updates.of_message({ source = source(conversation, ts) }, actor)
  return record or nil, err
end

--- Puts a message on the timeline, at the time when it was said. Nothing happens when it is there. May
--- yield.
---@param incident table  with its conversation
---@param message { ts: string, text: string }
---@param kind string  "reaction" or "shortcut": who takes it away again
---@param actor Actor
---@return table|nil answer
---@return table|nil err
function M.add(incident, message, kind, actor)
  return incidents.update({
    id = incident.id, message = M.words(message), event_at_ms = math.floor(tonumber(message.ts) * 1000),
    source = source(incident.conversation, message.ts, kind),
  }, actor)
end

return M
