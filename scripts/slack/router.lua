-- router: which code answers which request. Commands by their first word, clicks by action id,
-- submissions by callback id.
local log = require "engine.log"
local store = require "engine.store"
local blocks = require "slack.blocks"
local flow = require "slack.creation.flow"
local events = require "slack.events"
local help = require "slack.commands.help"
local open = require "slack.commands.open"
local reply = require "slack.reply"
local settings = require "slack.settings"
local view = require "slack.view"

local M = {}

local COMMANDS = { open, help }
local SEEN_FOR = { ttl = "1h" }        -- the vendor repeats a delivery for about six minutes

help.set_commands(function() return COMMANDS end)

-- Runs after the acknowledgement, once for all deliveries of the same click.
local ACTIONS = {
  open_incident = flow.open,
  push_check_current_incidents = flow.push_recent,
  push_incident_select_impact = flow.push_impacts,
  push_incident_unified = flow.push_details,
}
local ACTION_PATTERNS = { { "^set_impact_type_.", flow.impact_chosen } }

-- Answers the submission itself; each one can be repeated without harm.
local SUBMISSIONS = {
  incident_open = flow.submit,
  incident_select_impact = flow.submit_impacts,
  open_incident_unified = flow.submit_details,
}
local SHORTCUTS = { open_incident = flow.open }

-- Is this the first delivery? When the store cannot say, the work is done rather than lost.
local function is_first(key)
  local is_new, err = store.put_new("seen", key, true, SEEN_FOR)
  if is_new == nil then log.warn("duplicates cannot be told: " .. tostring(err)) end
  return is_new ~= false
end

-- How many letters differ: insertions, deletions, changes.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal
    diagonal, row[0] = row[0], i
    for j = 1, #b do
      local change = diagonal + (a:byte(i) == b:byte(j) and 0 or 1)
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, change)
    end
  end
  return row[#b]
end

local function nearest(word)
  local best, best_distance
  for _, command in ipairs(COMMANDS) do
    local far = distance(word:sub(1, 20), command.name)
    if far <= 2 and (not best or far < best_distance) then
      best, best_distance = command.name, far
    end
  end
  return best
end

local function unknown_command(word)
  local guess = nearest(word)
  local words = ("There is no `%s`."):format(blocks.escape(word, 40))
  if guess then words = words .. (" Did you mean `%s`?"):format(guess) end
  return reply.ephemeral(help.message(words))
end

local KINDS = {}

function KINDS.command(given)
  if not settings.is_command(given.command) then
    return reply.ephemeral {
      text = "This app answers to " .. table.concat(settings.command_names(), ", ") .. ".",
    }
  end
  local word, rest = given.text:match("^%s*(%S*)%s*(.-)%s*$")
  word = word:lower()
  if word == "" then return help.run(given) end
  for _, command in ipairs(COMMANDS) do
    if command.name == word then return command.run(given, rest) end
  end
  return unknown_command(word)
end

local function action_handler(id)
  if ACTIONS[id] then return ACTIONS[id] end
  for _, rule in ipairs(ACTION_PATTERNS) do
    if id:find(rule[1]) then return rule[2] end
  end
end

function KINDS.block_actions(given)
  local id = given.action.id
  local handler = action_handler(id)
  if not handler then
    log.info("a click on something that no longer exists", { action = id, user = given.user_id })
    return reply.ack(function()
      reply.tell(given, {
        text = "This button belongs to an older version of the app and does nothing any more.",
      })
    end)
  end
  return reply.ack(function()
    if given.trigger_id == "" or is_first("action:" .. given.trigger_id .. ":" .. id) then
      handler(given)
    end
  end)
end

function KINDS.view_submission(given)
  local handler = SUBMISSIONS[given.view.callback_id]
  if handler then return handler(given) end
  log.info("a submission of a view that no longer exists", {
    callback = given.view.callback_id, user = given.user_id,
  })
  return reply.update_view(view.notice("Unknown form",
    ":warning: This form belongs to another version of the app. Nothing was saved."))
end

function KINDS.view_closed()
  return reply.ack()
end

function KINDS.shortcut(given)
  local handler = SHORTCUTS[given.callback_id]
  if not handler then
    return reply.ack(function()
      reply.tell(given, { text = "This shortcut is unknown to the app." })
    end)
  end
  return reply.ack(function() handler(given) end)
end
KINDS.message_action = KINDS.shortcut

function KINDS.block_suggestion()
  return reply.json(200, { options = {} })
end

function KINDS.url_verification(given)
  if given.challenge == "" then return reply.json(400, { error = "no challenge" }) end
  return reply.json(200, { challenge = given.challenge })
end

function KINDS.app_rate_limited()
  log.warn("Slack sends us fewer events for a while: more than 30,000 an hour")
  return reply.ack()
end

function KINDS.event(given)
  if given.event_id == "" or is_first("event:" .. given.event_id) then
    events.handle(given.event)
  end
  return reply.ack()
end

--- Answers a request whose signature is good.
---@param given table  from slack.request
---@return table response
function M.dispatch(given)
  local answer = KINDS[given.kind]
  if answer then return answer(given) end
  return reply.json(400, { error = "unknown kind of request" })
end

return M
