-- block_objects: the smallest pieces of Block Kit: texts, options, dialogs. Each check returns nil when all is well,
-- else one sentence with the place. Shapes are closed, as the vendor's are: a name that it does not know is refused.
local text = require "engine.text"

local M = {}

local MOST_OPTIONS, MOST_GROUPS = 100, 100
local OPTION_TEXT, OPTION_VALUE = 75, 150

--- The first problem of several checks: each is a function, called until one finds something.
function M.first(...)
  for i = 1, select("#", ...) do
    local problem = select(i, ...)()
    if problem then return problem end
  end
end

local function set_of(names)
  local set = {}
  for name in names:gmatch "%S+" do set[name] = true end
  return set
end

--- What an object may hold: check(object, where) refuses every other name.
---@param names string  with spaces between them
function M.closed(names)
  local known = set_of(names)
  return function(object, where)
    for name in pairs(object) do
      if not known[name] then return where .. ": invalid additional property: " .. tostring(name) end
    end
  end
end

function M.set(names) return set_of(names) end

--- A list without holes, of a length within limits.
function M.list(value, least, most, where)
  if type(value) ~= "table" or #value < least or #value > most then
    return ("%s: %d to %d items"):format(where, least, most)
  end
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  if count ~= #value then return where .. ": must be a list" end
end

--- A text of <least> to <most> characters that is UTF-8 and holds no NUL.
function M.string(value, least, most, where)
  if type(value) ~= "string" then return where .. ": must be a text" end
  if not text.is_utf8(value) then return where .. ": is no UTF-8" end
  if value:find("\0", 1, true) then return where .. ": holds a NUL" end
  local length = text.length(value)
  if length < least then return where .. ": must be more than " .. least - 1 .. " characters" end
  if length > most then return where .. ": must be less than " .. most + 1 .. " characters" end
end

function M.optional_string(value, least, most, where)
  if value ~= nil then return M.string(value, least, most, where) end
end

function M.integer(value, least, most, where)
  if math.type(value) ~= "integer" or value < least or value > most then
    return ("%s: must be a whole number from %d to %d"):format(where, least, most)
  end
end

function M.boolean(value, where)
  if value ~= nil and type(value) ~= "boolean" then return where .. ": must be true or false" end
end

local TEXT = {
  plain_text = M.closed "type text emoji",
  mrkdwn = M.closed "type text verbatim",
}

--- A text object of at most <most> characters.
function M.text(object, most, where, plain_only)
  if type(object) ~= "table" then return where .. ": must be a text object" end
  local closed = TEXT[object.type]
  if not closed or (plain_only and object.type ~= "plain_text") then
    return where .. ".type: " .. tostring(object.type)
  end
  return closed(object, where) or M.string(object.text, 1, most, where .. ".text")
    or M.boolean(object.emoji, where .. ".emoji") or M.boolean(object.verbatim, where .. ".verbatim")
end

function M.optional_text(object, most, where, plain_only)
  if object ~= nil then return M.text(object, most, where, plain_only) end
end

local option_fields = M.closed "text value description"
local overflow_option_fields = M.closed "text value description url"

--- One option. kind: "overflow" may hold a url; "ticked" may hold mrkdwn.
function M.option(object, where, kind)
  if type(object) ~= "table" then return where .. ": must be an option" end
  local closed = kind == "overflow" and overflow_option_fields or option_fields
  return closed(object, where)
    or M.text(object.text, OPTION_TEXT, where .. ".text", kind ~= "ticked")
    or M.string(object.value, 1, OPTION_VALUE, where .. ".value")
    or M.optional_text(object.description, OPTION_TEXT, where .. ".description", kind ~= "ticked")
    or M.optional_string(object.url, 1, 3000, where .. ".url")
end

--- Options of which no two have the same value.
function M.options(list, least, most, where, kind)
  local problem, seen = M.list(list, least, most, where), {}
  for i, one in ipairs(not problem and list or {}) do
    local at = ("%s[%d]"):format(where, i)
    problem = M.option(one, at, kind)
    if problem then return problem end
    if seen[one.value] then return at .. ".value: used twice: " .. one.value end
    seen[one.value] = true
  end
  return problem
end

local group_fields = M.closed "label options"

local function groups(list, where)
  local problem = M.list(list, 1, MOST_GROUPS, where)
  for i, group in ipairs(not problem and list or {}) do
    local at = ("%s[%d]"):format(where, i)
    problem = group_fields(group, at) or M.text(group.label, 75, at .. ".label", true)
      or M.options(group.options, 1, MOST_OPTIONS, at .. ".options")
    if problem then return problem end
  end
  return problem
end

--- The options of a menu: as a list, or in groups, and not both.
function M.menu(holder, where)
  if (holder.options == nil) == (holder.option_groups == nil) then
    return where .. ": either options or option_groups"
  end
  if holder.option_groups then return groups(holder.option_groups, where .. ".option_groups") end
  return M.options(holder.options, 1, MOST_OPTIONS, where .. ".options")
end

local confirm_fields = M.closed "title text confirm deny style"

--- The question before something is done.
function M.confirm(object, where)
  if object == nil then return nil end
  if type(object) ~= "table" then return where .. ": must be an object" end
  return confirm_fields(object, where) or M.text(object.title, 100, where .. ".title", true)
    or M.text(object.text, 300, where .. ".text", true) or M.text(object.confirm, 30, where .. ".confirm", true)
    or M.text(object.deny, 30, where .. ".deny", true)
end

return M
