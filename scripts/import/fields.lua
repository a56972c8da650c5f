-- fields: what the fields of a record must be, and what is wrong with those that are there. Kinds:
-- "text" "integer" "boolean" "object" "time" "duration" "money"; fields.one_of { values }; fields.to(model): the key of
-- a record; fields.list_of(model): keys; fields.maybe(kind): null or absent too. Fields that nobody asks for may be
-- anything.
local texts = require "engine.text"
local time = require "engine.time"

local M = {}

function M.to(model) return { model = model } end
function M.list_of(model) return { list = true, model = model } end
function M.one_of(values) return { values = values } end
function M.maybe(kind) return { maybe = true, kind = kind } end

local WORDS = {
  text = "text", integer = "a whole number", boolean = "true or false", object = "an object", list = "a list",
  time = "a date and time such as 2026-05-01T10:00:00Z", duration = "a duration such as 1 02:03:04.5",
  money = "an amount such as 12.50",
}

local function describe(value)
  if type(value) == "string" then
    return (("%q"):format(texts.cut(value, 40, "...")):gsub("\\\n", " "))
  end
  if type(value) == "table" then return "a list or an object" end
  return type(value) == "boolean" and tostring(value) or ("%s %s"):format(type(value), tostring(value))
end

-- Days, hours, minutes, seconds and what stands behind the point; nil when it is no duration.
local function split_duration(text)
  local sign, rest = text:match "^(%-?)(.*)$"
  local days, clock = rest:match "^(%d+) (.*)$"
  local hours, minutes, seconds, fraction = (clock or rest):match "^(%d+):(%d%d):(%d%d)%.?(%d*)$"
  if not hours or #fraction > 6 or #hours > 6 or #(days or "") > 6 then return nil end
  return sign, tonumber(days or 0), tonumber(hours), tonumber(minutes), tonumber(seconds), fraction
end

--- "1 02:03:04.567890", as Django writes durations, in microseconds.
function M.duration_us(text)
  local sign, days, hours, minutes, seconds, fraction = split_duration(text)
  local total = (days * 86400 + hours * 3600 + minutes * 60 + seconds) * 1000000
    + tonumber((fraction .. "000000"):sub(1, 6))
  return math.tointeger(sign == "-" and -total or total)
end

--- "12.50" in cents, exactly.
function M.cents(amount)
  local sign, whole, fraction = amount:match "^(%-?)(%d+)%.?(%d*)$"
  local total = tonumber(whole) * 100 + tonumber((fraction .. "00"):sub(1, 2))
  return math.tointeger(sign == "-" and -total or total)
end

--- Epoch milliseconds; nil for nil.
function M.ms(text)
  return text and (assert(time.parse(text, "UTC")))
end

local function is_text(value) return type(value) == "string" end

local IS = {
  text = is_text,
  integer = function(value) return math.type(value) == "integer" end,
  boolean = function(value) return type(value) == "boolean" end,
  object = function(value) return type(value) == "table" and value[1] == nil end,
  list = function(value) return type(value) == "table" and (next(value) == nil or value[1] ~= nil) end,
  time = function(value) return is_text(value) and time.parse(value, "UTC") ~= nil end,
  duration = function(value) return is_text(value) and split_duration(value) ~= nil end,
  money = function(value) return is_text(value) and value:match "^%-?%d+%.?%d*$" ~= nil and #value <= 15 end,
}

local function check_key(kind, value, has)
  if type(value) == "table" then
    return ("expected the key of %s, got a list: write the file without --natural-foreign"):format(kind.model)
  end
  if math.type(value) ~= "integer" and not is_text(value) then
    return ("expected the key of %s, got %s"):format(kind.model, describe(value))
  end
  if not has(kind.model, value) then
    return ("there is no %s %s in the file"):format(kind.model, texts.cut(tostring(value), 80, "..."))
  end
end

local function check_choice(kind, value)
  for _, allowed in ipairs(kind.values) do
    if value == allowed then return nil end
  end
  return ("expected one of %s, got %s"):format(table.concat(kind.values, ", "), describe(value))
end

local function check_value(kind, value, has)
  if type(kind) == "table" and kind.maybe then
    if value == nil then return end
    kind = kind.kind
  end
  if value == nil then return "is missing" end
  if type(kind) ~= "table" then
    if not IS[kind](value) then return ("expected %s, got %s"):format(WORDS[kind], describe(value)) end
    return
  end
  if kind.values then return check_choice(kind, value) end
  if not kind.list then return check_key(kind, value, has) end
  if not IS.list(value) then return ("expected %s, got %s"):format(WORDS.list, describe(value)) end
  for _, item in ipairs(value) do
    local problem = check_key(kind, item, has)
    if problem then return problem end
  end
end

--- Calls found(field, problem) for each field of <values> that is not as <kinds> says, in the order of names. `_key` is
--- no field.
--- <has>: function(model, key), whether such a record can be referred to.
function M.check(kinds, values, has, found)
  local names = {}
  for name in pairs(kinds) do
    if name ~= "_key" then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local problem = check_value(kinds[name], values[name], has)
    if problem then found(name, problem) end
  end
end

return M
