-- command_words: which words call which subcommand, and what `help` says of it: the features' own
-- words together with the operator's (slack.commands in config.lua). A word belongs to one command.
--
--   commands = {
--     close = { aliases = { "fermer" }, about = "say that it is over" },   -- "close" goes on working
--     status = { name = "etat" },                                          -- shown in `help` instead
--   }
local suggest = require "config.suggest"

local M = {}

--- Of a word that calls a command: "post mortem" has two.
M.MOST_WORDS = 3

local function built_in_words(command)
  local words = { command.name }
  for _, synonym in ipairs(command.synonyms or {}) do words[#words + 1] = synonym end
  return words
end

-- The operator's words for a command, each with its place in the config.
local function own_words(name, entry)
  local words = {}
  if entry.name then words[1] = { text = entry.name, path = name .. ".name" } end
  for i, alias in ipairs(entry.aliases or {}) do
    words[#words + 1] = { text = alias, path = ("%s.aliases[%d]"):format(name, i) }
  end
  return words
end

-- A usage begins with one of the command's words: the longest that fits.
local function word_of(usage, command)
  local found = ""
  for _, word in ipairs(built_in_words(command)) do
    local is_prefix = usage == word or usage:sub(1, #word + 1) == word .. " "
    if is_prefix and #word > #found then found = word end
  end
  return found
end

-- "close #12" under another name: "fermer #12".
local function lines_of(command, entry)
  local about = type(entry.about) == "string" and { entry.about } or entry.about or {}
  local lines = {}
  for i, usage in ipairs(command.usage) do
    lines[i] = {
      usage = entry.name and entry.name .. usage:sub(#word_of(usage, command) + 1) or usage,
      about = about[i] or command.about[i],
    }
  end
  return lines
end

-- All words that are not shown in the first usage.
local function aliases_of(command, entry)
  local shown, aliases = entry.name or word_of(command.usage[1], command), {}
  for _, words in ipairs { built_in_words(command), entry.aliases or {} } do
    for _, word in ipairs(words) do
      if word ~= shown then aliases[#aliases + 1] = word end
    end
  end
  return aliases
end

local function claim(owners, word, command)
  local owner = owners[word]
  if owner and owner ~= command then return nil, ("calls `%s` already"):format(owner.name) end
  owners[word] = command
  return true
end

-- What may go on: "post" of "post mortem".
local function beginnings(by_word)
  local begins = {}
  for words in pairs(by_word) do
    for space_at in words:gmatch "() " do begins[words:sub(1, space_at - 1)] = true end
  end
  return begins
end

--- Who answers to what.
---@param commands table[]  of the features, in the order of `help`
---@param overrides table<string, table>  slack.commands of a config
---@return { by_word: table<string, table>, begins: table<string, true>, shown: table[] }|nil  shown: { lines =
---  { { usage=, about= } }, aliases = {} }, a command
---@return string|nil message, string|nil path  what is wrong, and where below slack.commands
function M.build(commands, overrides)
  local named, by_word, shown = {}, {}, {}
  for _, command in ipairs(commands) do
    named[command.name] = command
    for _, word in ipairs(built_in_words(command)) do
      local ok, message = claim(by_word, word, command)
      if not ok then error(("two features want the command %q: it %s"):format(word, message), 0) end
    end
  end
  for name, entry in pairs(overrides) do
    if not named[name] then
      local meant = suggest(name, named)
      return nil, "is no subcommand" .. (meant and (' (did you mean "%s"?)'):format(meant) or ""), name
    end
    for _, word in ipairs(own_words(name, entry)) do
      local ok, message = claim(by_word, word.text, named[name])
      if not ok then return nil, message, word.path end
    end
  end
  for i, command in ipairs(commands) do
    local entry = overrides[command.name] or {}
    shown[i] = { lines = lines_of(command, entry), aliases = aliases_of(command, entry) }
  end
  return { by_word = by_word, begins = beginnings(by_word), shown = shown }
end

return M
