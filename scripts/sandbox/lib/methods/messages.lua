-- messages: what the app writes: messages, pins, bookmarks.
local blocks = require "sandbox.lib.blocks"
local call = require "sandbox.lib.call"
local json = require "engine.json"
local text = require "engine.text"
local workspace = require "sandbox.lib.workspace"

local fail, find_channel = call.fail, call.find_channel
local CALLS = {}

local function state() return workspace.get() end

local MAX_TEXT = 40000

local function check_message(args)
  if (not args.text or args.text == "") and not args.blocks then fail("no_text") end
  if args.text and #args.text > MAX_TEXT then fail("msg_too_long") end
  local problem = args.blocks and blocks.check_blocks(args.blocks, "message")
  if problem then fail("invalid_blocks", { response_metadata = { messages = json.array { problem } } }) end
  local metadata = args.metadata
  if metadata and (type(metadata.event_type) ~= "string" or type(metadata.event_payload) ~= "table") then
    fail("invalid_metadata_format")
  end
end

local function channel_to_post(id)
  if state().people[id] then return call.direct_channel(id) end
  return find_channel(id, { writable = true, member = true })
end

CALLS["chat.postMessage"] = function(args)
  check_message(args)
  local channel = channel_to_post(args.channel)
  local message = {
    type = "message", ts = workspace.next_ts(), user = workspace.BOT, bot_id = workspace.BOT_ID,
    text = args.text or "", blocks = args.blocks, metadata = args.metadata, thread_ts = args.thread_ts,
  }
  channel.messages[message.ts] = message
  channel.message_order[#channel.message_order + 1] = message.ts
  return { channel = channel.id, ts = message.ts, message = message }
end

CALLS["chat.postEphemeral"] = function(args)
  check_message(args)
  local channel = channel_to_post(args.channel)
  if not channel.members[args.user] then fail("user_not_in_channel") end
  local list = state().ephemerals
  list[#list + 1] = { channel = channel.id, user = args.user, text = args.text or "", blocks = args.blocks }
  return { message_ts = workspace.next_ts() }
end

CALLS["chat.update"] = function(args)
  check_message(args)
  local message = find_channel(args.channel).messages[args.ts] or fail("message_not_found")
  if args.text and text.length(args.text) > 4000 then fail("msg_too_long") end
  message.text, message.blocks = args.text or message.text, args.blocks
  message.edited = { user = workspace.BOT, ts = workspace.next_ts() }
  if args.metadata then message.metadata = args.metadata end
  return { channel = args.channel, ts = args.ts, text = message.text, message = message }
end

CALLS["chat.delete"] = function(args)
  local channel = find_channel(args.channel)
  if not channel.messages[args.ts] then fail("message_not_found") end
  channel.messages[args.ts] = nil
  for i, ts in ipairs(channel.message_order) do
    if ts == args.ts then table.remove(channel.message_order, i) break end
  end
  return { channel = args.channel, ts = args.ts }
end

CALLS["pins.add"] = function(args)
  local channel = find_channel(args.channel, { member = true })
  if not channel.messages[args.timestamp] then fail("message_not_found") end
  for _, ts in ipairs(channel.pins) do
    if ts == args.timestamp then fail("already_pinned") end
  end
  channel.pins[#channel.pins + 1] = args.timestamp
  return {}
end

CALLS["pins.remove"] = function(args)
  local channel = find_channel(args.channel, { member = true })
  for i, ts in ipairs(channel.pins) do
    if ts == args.timestamp then table.remove(channel.pins, i) return {} end
  end
  fail("no_pin")
end

CALLS["pins.list"] = function(args)
  local channel, items = find_channel(args.channel, { member = true }), {}
  for i, ts in ipairs(channel.pins) do
    items[i] = {
      type = "message", channel = channel.id, created = channel.created, message = channel.messages[ts],
    }
  end
  return { items = json.array(items) }
end

CALLS["bookmarks.add"] = function(args)
  local channel = find_channel(args.channel_id, { member = true })
  if args.type ~= "link" then fail("invalid_bookmark_type") end
  if not (args.link or ""):find("^https?://") then fail("invalid_link") end
  local bookmark = {
    id = workspace.next_id "Bk", channel_id = channel.id, title = args.title, link = args.link, emoji = args.emoji,
    type = "link",
  }
  channel.bookmarks[#channel.bookmarks + 1] = bookmark
  return { bookmark = bookmark }
end

CALLS["bookmarks.edit"] = function(args)
  for _, bookmark in ipairs(find_channel(args.channel_id, { member = true }).bookmarks) do
    if bookmark.id == args.bookmark_id then
      if args.link and not args.link:find("^https?://") then fail("invalid_link") end
      bookmark.title, bookmark.link = args.title or bookmark.title, args.link or bookmark.link
      return { bookmark = bookmark }
    end
  end
  fail("not_found")
end

CALLS["bookmarks.list"] = function(args)
  return { bookmarks = json.array(find_channel(args.channel_id, { member = true }).bookmarks) }
end

return CALLS
