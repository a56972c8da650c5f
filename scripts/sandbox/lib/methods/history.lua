-- history: the messages of a channel, as they are read again.
local call = require "sandbox.lib.call"

local fail, find_channel, page = call.fail, call.find_channel, call.page
local CALLS = {}

local function without_metadata(message)
  local copy = {}
  for key, value in pairs(message) do copy[key] = value end
  copy.metadata = nil
  return copy
end

local function is_answer(message)
  return message.thread_ts ~= nil and message.thread_ts ~= message.ts
end

local function answers_to(channel, ts)
  local list = {}
  for _, id in ipairs(channel.message_order) do
    local message = channel.messages[id]
    if is_answer(message) and message.thread_ts == ts then list[#list + 1] = message end
  end
  return list
end

local function count_answers(channel)
  local counts = {}
  for _, message in pairs(channel.messages) do
    if is_answer(message) then counts[message.thread_ts] = (counts[message.thread_ts] or 0) + 1 end
  end
  return counts
end

-- As the vendor shows it: the first message of a thread says how many answers there are.
local function shown_message(message, answers, with_metadata)
  local copy = without_metadata(message)
  if with_metadata then copy.metadata = message.metadata end
  if answers then copy.thread_ts, copy.reply_count = message.ts, answers end
  return copy
end

local function is_between(ts, args)
  local oldest, latest = args.oldest or "0", args.latest
  local after = tonumber(ts) > tonumber(oldest) or (args.inclusive and ts == oldest)
  local before = not latest or tonumber(ts) < tonumber(latest) or (args.inclusive and ts == latest)
  return after and before
end

CALLS["conversations.history"] = function(args)
  local channel, list = find_channel(args.channel, { member = true }), {}
  local counts = count_answers(channel)
  for i = #channel.message_order, 1, -1 do
    local message = channel.messages[channel.message_order[i]]
    if is_between(message.ts, args) and not is_answer(message) then
      list[#list + 1] = shown_message(message, counts[message.ts], args.include_all_metadata)
    end
  end
  local messages, metadata = page(list, args, 100)
  return { messages = messages, has_more = metadata.next_cursor ~= "", response_metadata = metadata }
end

CALLS["conversations.replies"] = function(args)
  local channel = find_channel(args.channel, { member = true })
  local first = channel.messages[args.ts] or fail("thread_not_found")
  local answers = answers_to(channel, args.ts)
  local list = { shown_message(first, #answers > 0 and #answers or nil) }
  for _, answer in ipairs(answers) do list[#list + 1] = without_metadata(answer) end
  local messages, metadata = page(list, args, 100)
  return { messages = messages, has_more = metadata.next_cursor ~= "", response_metadata = metadata }
end

return CALLS
