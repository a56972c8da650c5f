-- registry: all features merged into one table a kind of request, which the router looks things up
-- in. Two features that want the same id are a mistake that stops the load.
--
-- A feature is a table with any of
--   commands        { { name=, synonyms=, usage=, about=, run=function(given, rest) -> response } }
--   actions         action id -> function(given), run after the acknowledgement, once a click
--   action_patterns { { Lua pattern, function(given) } }
--   submissions     callback id -> function(given) -> response; may be repeated without harm
--   shortcuts       callback id -> function(given), of global and message shortcuts
--   options         action id -> function(given) -> { options= } or { option_groups= }
--   events          event type -> function(event, given); several features may want the same event;
--                   what may be lost (a drawing) is returned as a function to run when it is acknowledged
local config = require "engine.config"
local command_words = require "slack.command_words"
local features = require "slack.features.init"

local M = {
  commands = {}, actions = {}, action_patterns = {}, submissions = {}, shortcuts = {},
  options = {}, events = {},
}

local function claim(kind, id, value)
  if M[kind][id] then
    error(("two features want %s of %s"):format(id, kind), 0)
  end
  M[kind][id] = value
end

local function add_events(events)
  for name, handler in pairs(events) do
    M.events[name] = M.events[name] or {}
    table.insert(M.events[name], handler)
  end
end

for _, feature in ipairs(features) do
  for _, command in ipairs(feature.commands or {}) do table.insert(M.commands, command) end
  add_events(feature.events or {})
  for _, rule in ipairs(feature.action_patterns or {}) do table.insert(M.action_patterns, rule) end
  for _, kind in ipairs { "actions", "submissions", "shortcuts", "options" } do
    for id, handler in pairs(feature[kind] or {}) do claim(kind, id, handler) end
  end
end

--- What answers a click, or nil.
---@param id string  the action id
function M.action(id)
  if M.actions[id] then return M.actions[id] end
  for _, rule in ipairs(M.action_patterns) do
    if id:find(rule[1]) then return rule[2] end
  end
end

local vocabulary

--- The words of the running config: slack.command_words. The registry is loaded before the config is
--- known, so they are put together when somebody first asks.
function M.vocabulary()
  vocabulary = vocabulary or assert(command_words.build(M.commands, config.slack.commands))
  return vocabulary
end

--- The command with this name or synonym, and what stands behind it. A synonym may have several
--- words: the longest that fits wins. Upper and lower case are the same.
---@param text string  what was typed behind the slash command
---@return table|nil command
---@return string rest
function M.command(text)
  local known = M.vocabulary()
  local typed, found, rest, at = "", nil, text, 1
  repeat
    local word, next_at = text:match("^%s*(%S+)()", at)
    if not word then break end
    typed, at = typed == "" and word:lower() or typed .. " " .. word:lower(), next_at
    if known.by_word[typed] then found, rest = known.by_word[typed], text:sub(at) end
  until not known.begins[typed]
  return found, rest:match "^%s*(.*%S)" or ""
end

--- The types of the events that features hear.
---@return string[]
function M.event_names()
  local names = {}
  for name in pairs(M.events) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return M
