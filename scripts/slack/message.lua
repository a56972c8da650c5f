-- message: messages in conversations that are sent once, kept, and found again. A message carries
-- the job's id in its metadata: after an unknown outcome the conversation itself is asked whether
-- the message stands there already.
local conversations = require "engine.conversations"
local log = require "engine.log"
local messages = require "engine.messages"
local text = require "engine.text"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

local MAX_BLOCKS = 50
local MAX_TEXT = 4000
local SEARCH_PAGES = 5
local NOT_EDITABLE = { message_not_found = true, cant_update_message = true, edit_window_closed = true }

local function metadata_of(ctx, kind, incident)
  return {
    event_type = kind,
    event_payload = {
      ff_type = kind, job_id = tostring(ctx.job_id), incident_id = tostring(incident.id),
    },
  }
end

-- A bot may post to a public channel without being in it, where the workspace allows it; where not,
-- it joins first.
---@param args table  with a channel
function M.call_as_member(method, args)
  local answer, err = client.call(method, args)
  if answer or err.slack ~= "not_in_channel" then return answer, err end
  local joined, refusal = client.call("conversations.join", { channel = args.channel })
  if not joined then return nil, refusal end
  return client.call(method, args)
end

local function is_of_job(message, ctx, kind)
  local payload = foreign.table(foreign.table(foreign.table(message).metadata).event_payload)
  return payload.ff_type == kind and payload.job_id == tostring(ctx.job_id)
end

-- Looks for the message that an earlier try of this job may have sent.
local function find_sent(ctx, channel, kind, since_ms)
  local args = {
    channel = channel, limit = 200, include_all_metadata = true,
    oldest = ("%d.000000"):format(since_ms // 1000 - 60),
  }
  for _ = 1, SEARCH_PAGES do
    local answer, err = M.call_as_member("conversations.history", args)
    if not answer then return nil, err end
    for _, message in ipairs(foreign.table(answer.messages)) do
      if is_of_job(message, ctx, kind) then return message.ts end
    end
    args.cursor = foreign.text(foreign.table(answer.response_metadata).next_cursor)
    if not args.cursor then break end
  end
  return nil
end

local function post(ctx, options)
  local answer, err = M.call_as_member("chat.postMessage", {
    channel = options.conversation.external_id, text = text.cut(options.text, MAX_TEXT, "\u{2026}"),
    blocks = options.blocks,
    metadata = metadata_of(ctx, options.kind, options.incident), unfurl_links = false,
  })
  if not answer then return nil, err end
  if type(answer.ts) ~= "string" then
    return nil, client.error {
      code = "unavailable", retryable = true, unknown = true,
      message = "chat.postMessage: an answer without ts",
    }
  end
  return answer.ts
end

local function pin(options, ts)
  local channel = options.conversation.external_id
  local answer, err = client.call("pins.add", { channel = channel, timestamp = ts })
  if answer or err.slack == "already_pinned" then return true end
  return nil, err
end

-- Sends it, or finds what an earlier try of this job has sent.
local function post_once(ctx, options)
  if ctx.unknown then
    local ts, err = find_sent(ctx, options.conversation.external_id, options.kind, options.incident.created_at_ms)
    if err then
      err.unknown = true
      return nil, err
    end
    if ts then return ts end
  end
  return post(ctx, options)
end

local function save(options, ts)
  return messages.save {
    conversation_id = options.conversation.id, external_id = ts, kind = options.kind,
    incident_id = options.incident.id, update_id = options.update_id,
    text = options.text, is_pinned = options.is_pinned or false,
  }
end

local function find_kept(options)
  return messages.find {
    conversation_id = options.conversation.id, incident_id = options.incident.id, kind = options.kind,
    update_id = options.update_id,
  }
end

--- The newest message of a kind that was sent. May yield.
---@param options { conversation: table, incident: table, kind: string, update_id?: string }
---@return table|nil found  with its `text`; nil without err: there is none
---@return table|nil err
function M.sent(options)
  local found, err = find_kept(options)
  return found or nil, err
end

--- Says something else in a message that was sent before, in its place. May yield.
---@param options { conversation: table, incident: table, kind: string, text: string, blocks: table[],
---  update_id?: string }
---@return boolean|nil is_there  false: no such message was sent, somebody has deleted it, or Slack lets nobody edit it
---@return table|nil err
function M.edit(options)
  if #options.blocks > MAX_BLOCKS then error("a message has at most 50 blocks", 2) end
  local found, err = find_kept(options)
  if not found then
    if err then return nil, err end
    return false
  end
  local _, refusal = client.call("chat.update", {
    channel = options.conversation.external_id, ts = found.external_id,
    text = text.cut(options.text, MAX_TEXT, "\u{2026}"), blocks = options.blocks,
  })
  if not refusal then return true end
  if NOT_EDITABLE[refusal.slack] then return false end
  return nil, refusal
end

--- Takes away a message that was sent before; nothing happens when there is none. May yield.
---@param options { conversation: table, incident: table, kind: string, update_id?: string }
---@return true|nil
---@return table|nil err
function M.take_away(options)
  local found, err = find_kept(options)
  if not found then
    if err then return nil, err end
    return true
  end
  local _, refusal = client.call("chat.delete", {
    channel = options.conversation.external_id, ts = found.external_id,
  })
  if refusal and refusal.slack ~= "message_not_found" then return nil, refusal end
  local _, problem = messages.delete { id = found.id }
  return not problem or nil, problem
end

--- Sends a message of an incident once, whatever happens to the job that sends it. May yield.
---@param ctx table  the job's
---@param options { conversation: table, incident: table, kind: string, text: string, blocks: table[],
---  is_pinned?: boolean, update_id?: string }  update_id: one message a record of the timeline
---@return true|nil
---@return table|nil err
function M.send(ctx, options)
  if #options.blocks > MAX_BLOCKS then error("a message has at most 50 blocks", 2) end
  local found = find_kept(options)
  local ts = found and found.external_id
  if not ts then
    local sent, err = post_once(ctx, options)
    if not sent then return nil, err end
    ts = sent
  end
  if not found then
    local saved, err = save(options, ts)
    if not saved then return nil, err end
  end
  if not options.is_pinned then return true end
  return pin(options, ts)
end

-- Those of the kind that were sent before <ts>. One that cannot be taken away is left, and said in the log.
local function take_older_away(options, ts)
  local channel = options.conversation.external_id
  local kept, err = messages.list {
    conversation_id = options.conversation.id, incident_id = options.incident.id, kind = options.kind,
  }
  if not kept then return nil, err end
  for _, one in ipairs(kept) do
    if one.external_id ~= ts then
      local _, refusal = client.call("chat.delete", { channel = channel, ts = one.external_id })
      if refusal and refusal.retryable then return nil, refusal end
      if refusal and refusal.slack ~= "message_not_found" then
        log.warn("an outdated message stays: " .. tostring(refusal), { incident = options.incident.id })
      end
      local _, problem = messages.delete { id = one.id }
      if problem then return nil, problem end
    end
  end
  return true
end

--- Sends a message anew and takes away the one of its kind that was sent before: people are notified, and read it
--- once. Sent once, whatever happens to the job. May yield.
---@param ctx table  the job's
---@param options { conversation: table, incident: table, kind: string, text: string, blocks: table[],
---  unless_same?: boolean }  unless_same: not when the last one has the same text
---@return true|nil
---@return table|nil err
function M.replace(ctx, options)
  local progress = "sent " .. options.kind
  local ts = ctx.progress[progress]
  if not ts and options.unless_same then
    local last, unread = M.sent(options)
    if unread then return nil, unread end
    if last and last.text == options.text then return true end
  end
  if not ts then
    local sent, err = post_once(ctx, options)
    if not sent then return nil, err end
    ts = sent
    ctx:note { [progress] = ts }
  end
  local saved, problem = save(options, ts)
  if not saved then return nil, problem end
  return take_older_away(options, ts)
end

--- The shared conversation with a tag; nil when the operator has named none. May yield.
---@param tag string
function M.tagged_conversation(tag)
  local conversation, err = conversations.get { tag = tag }
  if conversation then return conversation end
  if err and err.code ~= "not_found" then return nil, err end
  return nil
end

return M
