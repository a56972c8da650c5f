-- router: which feature answers which request. Commands by their first words, clicks by action id,
-- submissions by callback id. What is unknown gets an answer that helps.
local json = require "engine.json"
local log = require "engine.log"
local store = require "engine.store"
local blocks = require "slack.blocks"
local quick = require "slack.creation.quick"
local help = require "slack.features.help"
local outage = require "slack.outage"
local registry = require "slack.registry"
local reply = require "slack.reply"
local settings = require "slack.settings"
local view = require "slack.view"

local M = {}

local SEEN_FOR = { ttl = "1h" }        -- the vendor repeats a delivery for about six minutes

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
  for name in pairs(registry.vocabulary().by_word) do
    local far = distance(word:sub(1, 20), name)
    local is_better = not best or far < best_distance or (far == best_distance and name < best)
    if far <= 2 and far < #name and is_better then best, best_distance = name, far end
  end
  return best
end

local function unknown_command(text)
  local word = text:match("%S+"):lower()
  local words = ("There is no `%s`."):format(blocks.escape(word, 40))
  local hint = quick.hint(text)
  local guess = not hint and nearest(word)
  if guess then hint = ("Did you mean `%s`?"):format(guess) end
  return reply.ephemeral(help.message(hint and words .. " " .. hint or words))
end

local KINDS = {}

function KINDS.command(given)
  if not settings.is_command(given.command) then
    return reply.ephemeral {
      text = "This app answers to " .. table.concat(settings.command_names(), ", ") .. ".",
    }
  end
  if not given.text:find "%S" then return help.run() end
  local command, rest = registry.command(given.text)
  if command then return command.run(given, rest) end
  return unknown_command(given.text)
end

function KINDS.block_actions(given)
  local id = given.action.id
  local handler = registry.action(id)
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
  local handler = registry.submissions[given.view.callback_id]
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
  local handler = registry.shortcuts[given.callback_id]
  if not handler then
    return reply.ack(function()
      reply.tell(given, { text = "This shortcut is unknown to the app." })
    end)
  end
  return reply.ack(function() handler(given) end)
end
KINDS.message_action = KINDS.shortcut

-- The options of a list that is searched while somebody types. Never fails: an empty list is the
-- worst that a person sees.
function KINDS.block_suggestion(given)
  local handler = registry.options[given.action.id]
  return reply.json(200, handler and handler(given) or { options = json.array {} })
end

function KINDS.url_verification(given)
  if given.challenge == "" then return reply.json(400, { error = "no challenge" }) end
  return reply.json(200, { challenge = given.challenge })
end

function KINDS.app_rate_limited()
  log.warn("Slack sends us fewer events for a while: more than 30,000 an hour")
  outage.missed()
  return reply.ack()
end

function KINDS.event(given)
  local later = {}
  if given.event_id == "" or is_first("event:" .. given.event_id) then
    for _, handler in ipairs(registry.events[given.event.type] or {}) do
      later[#later + 1] = handler(given.event, given)
    end
  end
  return reply.ack(#later > 0 and function()
    for _, work in ipairs(later) do work() end
  end or nil)
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
