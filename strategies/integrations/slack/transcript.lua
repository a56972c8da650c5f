-- transcript: what was said in the channel of an incident is kept when it is closed, threads included,
-- before the channel is archived. Page by page: interrupted, it goes on where it was, and what is
-- saved a second time replaces what was saved before.
local kernel = require "engine.kernel"
local text = require "engine.text"
local client = require "slack.client"
local foreign = require "slack.foreign"
local people = require "slack.people"
local step = require "slack.step"

local PAGE = 200
local TEXT_MAX, AUTHOR_MAX = 8000, 200

-- "1700000000.000100" -> 1700000000000
local function ms_of(ts)
  local seconds, fraction = ts:match "^(%d+)%.(%d%d%d)"
  return seconds and math.tointeger(tonumber(seconds)) * 1000 + math.tointeger(tonumber(fraction))
end

-- The person of a message, remembered over the run.
local function person_of(known, slack_id)
  if known[slack_id] == nil then
    local person, err = people.find(slack_id)
    if not person and err.code ~= "not_found" then return nil, err end
    known[slack_id] = person or false
  end
  return known[slack_id] or nil
end

local function row_of(known, message)
  local ts = foreign.text(message.ts)
  local at_ms = ts and ms_of(ts)
  if not at_ms then return nil end
  local slack_id = foreign.text(message.user)
  local person, err
  if slack_id then person, err = person_of(known, slack_id) end
  if err then return nil, err end
  local thread = foreign.text(message.thread_ts)
  local author = foreign.text(message.username) or (person and person.name) or slack_id or ""
  return {
    external_id = ts, at_ms = at_ms, thread_id = thread ~= ts and thread or nil,
    person_id = person and person.id or nil, author = text.cut(author, AUTHOR_MAX),
    text = text.cut(foreign.text(message.text) or "", TEXT_MAX, "\u{2026}"),
  }
end

---@return table|nil saved  { count, is_full }
local function save(incident, known, messages, is_complete)
  local rows = {}
  for _, message in ipairs(messages) do
    local row, err = row_of(known, foreign.table(message))
    if err then return nil, err end
    rows[#rows + 1] = row
  end
  return kernel.call("transcript.save", {
    incident_id = incident.id, messages = #rows > 0 and rows or nil, is_complete = is_complete,
  })
end

-- The answers below a message; the message itself comes first in each page.
local function save_thread(incident, known, channel, ts)
  for page, err in client.pages("conversations.replies", { channel = channel, ts = ts, limit = PAGE }) do
    if not page then return nil, err end
    local saved, refusal = save(incident, known, foreign.table(page.messages), false)
    if not saved then return nil, refusal end
  end
  return true
end

local function save_page(incident, known, channel, messages)
  local saved, err = save(incident, known, messages, false)
  if not saved then return nil, err end
  if saved.is_full then return saved end
  for _, message in ipairs(messages) do
    message = foreign.table(message)
    if (tonumber(message.reply_count) or 0) > 0 and foreign.text(message.ts) then
      local done, problem = save_thread(incident, known, channel, message.ts)
      if not done then return nil, problem end
    end
  end
  return saved
end

local function failed(ctx, err)
  if err.slack == "invalid_cursor" then
    ctx:note { cursor = false }                        -- too old: from the beginning
    err.retryable = true
  end
  if err.code == "rate_limited" then return "wait", err end
  return nil, err
end

local function keep(ctx, incident, conversation)
  local channel, known = conversation.external_id, {}
  local args = { channel = channel, limit = PAGE, cursor = ctx.progress.cursor or nil }
  for page, err in client.pages("conversations.history", args) do
    if not page then return failed(ctx, err) end
    local saved, problem = save_page(incident, known, channel, foreign.table(page.messages))
    if not saved then return failed(ctx, problem) end
    if saved.is_full then return end
    ctx:note { cursor = page.next_cursor or false }
  end
  return save(incident, known, {}, true)
end

return step.unit {
  about = "Keeps what was said in the channel of a closed incident",
  event = "incident.closed", order = 80, with_archived = true, run = keep,
}
