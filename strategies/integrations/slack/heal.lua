-- heal: after an outage, Slack's or ours, the channels of open incidents are read again: who is in them, whether they
-- became private, which messages were marked, changed or deleted meanwhile. What is found goes the way of the event
-- that nobody sent.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local jobs = require "engine.jobs"
local log = require "engine.log"
local store = require "engine.store"
local task = require "engine.task"
local time = require "engine.time"
local status = require "incident_status"
local channel = require "slack.channel"
local client = require "slack.client"
local foreign = require "slack.foreign"
local members = require "slack.members"
local outage = require "slack.outage"
local timeline = require "slack.timeline"
local walk = require "slack.walk"
local workspace = require "slack.workspace"

local TASK = "slack.heal"
local PATIENT = { timeout = "30s", wait = "20s" }
local PAGE = 200
local MOST_MESSAGES = 5000             -- of a channel, the newest; those of its threads count
local BEAT_MS = 20 * 1000
local GAP_MS = 60 * 1000               -- what Slack could not deliver for a shorter time, it sends again
local REASON = "the channel was read again"

-- ---- who is in the channel

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

-- The people in Slack's channel, without the app itself.
local function present(conversation)
  local ids, err = channel.member_ids(conversation, PATIENT)
  if not ids then return nil, err end
  local identity, others = workspace.identity(), {}
  for _, id in ipairs(ids) do
    if not identity or id ~= identity.user_id then others[#others + 1] = id end
  end
  return members.person_ids(others)
end

-- The people of whom we believe that they are in it: who joined, and who was invited.
local function believed(conversation)
  local known, err = conversations.members { conversation_id = conversation.id }
  if not known then return nil, err end
  local rows, problem = invitations.explain { incident_id = conversation.incident_id }
  if not rows then return nil, problem end
  local set = set_of(known)
  for _, row in ipairs(rows) do
    if row.state == "invited" and row.person then set[row.person.id] = true end
  end
  return set, nil, set_of(known)
end

-- What we believe is read first: who is invited meanwhile then counts as here, not as gone.
local function heal_members(conversation)
  local expected, problem, known = believed(conversation)
  if not expected then return nil, problem end
  local here, err = present(conversation)
  if not here then return nil, err end
  for _, id in ipairs(here) do
    if not known[id] then
      local joined, refusal = members.join(conversation, id, REASON)
      if not joined then return nil, refusal end
    end
    expected[id] = nil
  end
  for id in pairs(expected) do
    local left, refusal = members.leave(conversation, id, REASON)
    if not left then return nil, refusal end
  end
  return true
end

-- ---- what is said in it

-- Adds the messages of all pages to <found>: {by_ts, count}. True unless an error came.
local function read_pages(found, method, args, each)
  for page, err in client.pages(method, args, PATIENT) do
    if not page then return nil, err end
    for _, message in ipairs(foreign.table(page.messages)) do
      message = foreign.table(message)
      if timeline.is_ts(message.ts) and not found.by_ts[message.ts] then
        found.by_ts[message.ts], found.count = message, found.count + 1
        each(message)
      end
    end
    task.sleep "0ms"                   -- acknowledgements come first
    if found.count >= MOST_MESSAGES then return true end
  end
  return true
end

-- The messages of the channel by ts, those in threads too.
local function read_messages(conversation)
  local found, threads = { by_ts = {}, count = 0 }, {}
  local args = { channel = conversation.external_id, limit = PAGE, include_all_metadata = true }
  local done, err = read_pages(found, "conversations.history", args, function(message)
    if math.tointeger(message.reply_count) and message.reply_count > 0 then threads[#threads + 1] = message.ts end
  end)
  for _, ts in ipairs(threads) do
    if not done or found.count >= MOST_MESSAGES then break end
    args = { channel = conversation.external_id, ts = ts, limit = PAGE, include_all_metadata = true }
    done, err = read_pages(found, "conversations.replies", args, function() end)
  end
  return done and found.by_ts or nil, err
end

local function enqueue(conversation, handler, ts, more)
  local args = { channel = conversation.external_id, ts = ts }
  for key, value in pairs(more or {}) do args[key] = value end
  return jobs.enqueue {
    handler = "integrations/slack/" .. handler, lane = timeline.lane(conversation.external_id, ts), args = args,
  }
end

-- The records of the timeline that were made from messages, by ts.
local function records_of(conversation)
  local detail, err = incidents.detail { id = conversation.incident_id }
  if not detail then return nil, err end
  local records = {}
  for _, update in ipairs(detail.updates) do
    local source = update.source
    if source and source.conversation_id == conversation.id then records[source.external_id] = update end
  end
  return records
end

-- The job that mends a record whose message is not as it was, or nil.
local function mend(record, message)
  if message and record.source.kind == "reaction" and not timeline.is_marked(message) then
    return "reaction_update:undo", { is_healing = true }
  end
  local is_gone = not message or timeline.is_tombstone(message)
  if is_gone and record.source.deleted_at_ms then return nil end
  if is_gone or timeline.words(message) ~= record.message then return "message_changes:follow" end
end

-- On behalf of the first who marked it and may: the others are asked when one may not.
local function heal_mark(conversation, message)
  for _, user in ipairs(timeline.markers(message)) do
    local done, err = enqueue(conversation, "reaction_update:add", message.ts, { user = user, is_healing = true })
    if not done then return nil, err end
  end
  return true
end

local function heal_messages(conversation)
  local messages, err = read_messages(conversation)
  if not messages then return nil, err end
  local records, problem = records_of(conversation)
  if not records then return nil, problem end
  for ts, message in pairs(messages) do
    if not records[ts] and timeline.is_marked(message) then
      local done, refusal = heal_mark(conversation, message)
      if not done then return nil, refusal end
    end
  end
  for ts, record in pairs(records) do
    local job, more = mend(record, messages[ts])
    if job then
      local done, refusal = enqueue(conversation, job, ts, more)
      if not done then return nil, refusal end
    end
  end
  return true
end

-- ---- the channels

local function heal_privacy(conversation)
  local saved, err = channel.save_facts(conversation, PATIENT)
  if not saved then return nil, err end
  if saved.type ~= "private" then return true end
  return incidents.make_private { id = conversation.incident_id }
end

local function heal_one(conversation)
  for _, heal in ipairs { heal_privacy, heal_members, heal_messages } do
    local done, err = heal(conversation)
    if not done then return nil, err end
  end
  return true
end

-- <only>: Slack's ids; nil: the channels of all open incidents.
local function open_channels(only)
  local rows, err = conversations.list { platform = "slack", incident_channels = true, opened = true }
  if not rows then return nil, err end
  local wanted, items = set_of(only or {}), {}
  for _, row in ipairs(rows) do
    local incident = (not only or wanted[row.external_id]) and incidents.get { id = row.incident_id }
    if incident and incident.status < status.CLOSED then
      items[#items + 1] = { key = row.external_id, conversation = row }
    end
  end
  return items
end

local function heal(ctx, args)
  local items, err = open_channels(args.only)
  if not items then return nil, err end
  return walk.each(ctx, "channel", items, function(item) return heal_one(item.conversation) end)
end

-- ---- when: something may have been missed

-- How long nobody was here to be told, by the beat that the last run left in the store.
local function gap_ms()
  local last = store.get("slack", "beat_ms")
  local now = time.now_ms()
  store.put("slack", "beat_ms", now)
  return last and now - last or 0
end

local function watch()
  while true do
    local gap, was_out = gap_ms(), outage.take()
    if gap >= GAP_MS or was_out then
      log.info "Slack's events may have been missed: the channels of open incidents are read again"
      local handler = "task:" .. TASK
      local _, err = jobs.enqueue { handler = handler, lane = handler, args = {} }
      if err then log.warn("the channels are not read again: " .. tostring(err)) end
    end
    task.sleep(BEAT_MS)
  end
end

return {
  about = "Reads the channels of open incidents again after an outage",
  enabled = function(settings) return settings.slack.token ~= "" end,
  services = { [TASK] = watch },
  tasks = {
    [TASK] = {
      about = "Reads members and messages of open incidents' channels again ({only = {id, ...}})", run = heal,
    },
  },
}
