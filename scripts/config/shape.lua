-- shape: says what a value of config.lua must look like, and finds everything that does not.
--
--   local shape = require "config.shape"
--   shape.table { fields = {
--     name = shape.string { pattern = "^#", hint = 'must start with "#"' },
--     wait = shape.duration { default = "15m" },
--     tags = shape.list { of = shape.string {}, unique = true, default = {} },
--   } }
--
-- Every shape takes one table of options. Common to all: `optional = true` (may be missing), `default` (used when it is
-- missing, checked like a written value), `check = function(value) return true | nil, message, path_below end`,
-- `about` (one line for people). Without `optional` and `default` the value is required. Tables are closed.
local suggest = require "config.suggest"

local M = {}

local COMMON = { optional = true, default = true, check = true, about = true }

local function define(kind, own_options)
  local allowed = {}
  for _, name in ipairs(own_options) do allowed[name] = true end
  M[kind] = function(options)
    local made = { kind = kind }
    for name, value in pairs(options or {}) do
      if not (COMMON[name] or allowed[name]) then
        error("shape." .. kind .. " has no option `" .. tostring(name) .. "`", 2)
      end
      made[name] = value
    end
    return made
  end
end

define("any", {})
define("boolean", {})
define("string", { "min", "max", "pattern", "hint" })   -- lengths in characters; hint: what the pattern means
define("secret", {})                                    -- from secret("NAME"), or a text in a test
define("integer", { "min", "max" })
define("number", { "min", "max" })
define("duration", { "min", "max" })                    -- minutes(5), "5m"; milliseconds once validated
define("enum", { "values" })
define("list", { "of", "min", "max", "unique" })        -- unique: true, or the names of fields that no two items share
define("map", { "of", "key" })                          -- any names as keys; key: the shape of a name
define("table", { "fields" })                           -- closed
define("choice", { "of", "hint" })                      -- the first of several shapes that fits

local function join(path, key)
  if type(key) == "number" then return path .. "[" .. key .. "]" end
  if key:find("^[%a_][%w_]*$") then return path == "" and key or path .. "." .. key end
  return path .. string.format("[%q]", key)
end

local function add_error(run, path, message)
  run.errors[#run.errors + 1] = { path = path, message = message }
end

local function wrong_type(run, path, expected, value)
  local got = type(value)
  add_error(run, path, "expected " .. expected .. ", got " .. (got == "userdata" and "a secret" or got))
end

local visit

local CHECKS = {}

function CHECKS.any(_, _, _, value) return value, value end

function CHECKS.boolean(run, _, path, value)
  if type(value) ~= "boolean" then return wrong_type(run, path, "true or false", value) end
  return value, value
end

-- The second result is what may be shown: nothing for a secret.
function CHECKS.string(run, shape, path, value)
  local is_secret = type(value) == "userdata"
  local text = is_secret and run.reveal(value) or value
  if type(text) ~= "string" then return wrong_type(run, path, "a text", value) end
  local length = utf8.len(text)
  if not length then return add_error(run, path, "is not valid UTF-8") end
  if text:find("\0", 1, true) then return add_error(run, path, "must not hold a NUL character") end
  if length < (shape.min or 0) then
    return add_error(run, path, length == 0 and "must not be empty" or "needs at least " .. shape.min .. " characters")
  end
  if shape.max and length > shape.max then
    return add_error(run, path, "has more than " .. shape.max .. " characters")
  end
  if shape.pattern and not text:find(shape.pattern) then
    return add_error(run, path, shape.hint or "has not the form " .. shape.pattern)
  end
  if is_secret then return text, nil end
  return text, text
end

function CHECKS.secret(run, _, path, value)
  local text = value
  if type(value) == "userdata" then text = run.reveal(value) end
  if type(text) ~= "string" then return wrong_type(run, path, 'secret("NAME")', value) end
  return text, nil
end

local function check_range(run, shape, path, value)
  if shape.min and value < shape.min then return add_error(run, path, "must be at least " .. shape.min) end
  if shape.max and value > shape.max then return add_error(run, path, "must be at most " .. shape.max) end
  return value, value
end

-- What env() gives is text; "5" reads as 5.
local function number_of(value)
  if type(value) == "string" then return tonumber(value) end
  return type(value) == "number" and value or nil
end

function CHECKS.integer(run, shape, path, value)
  local number = math.tointeger(number_of(value))
  if not number then return wrong_type(run, path, "a whole number", value) end
  return check_range(run, shape, path, number)
end

function CHECKS.number(run, shape, path, value)
  local number = number_of(value)
  if not number or number ~= number then return wrong_type(run, path, "a number", value) end
  return check_range(run, shape, path, number)
end

local UNITS = { ms = 1, s = 1000, m = 60000, h = 3600000, d = 86400000 }

function CHECKS.duration(run, shape, path, value)
  local ms
  if type(value) == "number" then
    ms = math.tointeger(value)
  elseif type(value) == "string" then
    local count, unit = value:match("^(%d+)(%a+)$")
    ms = count and UNITS[unit] and math.tointeger(tonumber(count)) * UNITS[unit]
  end
  if not ms or ms < 0 then
    return add_error(run, path, 'expected a duration such as minutes(5) or "5m"')
  end
  return check_range(run, shape, path, ms)
end

function CHECKS.enum(run, shape, path, value)
  local quoted = {}
  for i, allowed in ipairs(shape.values) do
    if value == allowed then return value, value end
    quoted[i] = type(allowed) == "string" and '"' .. allowed .. '"' or tostring(allowed)
  end
  return add_error(run, path, "must be one of " .. table.concat(quoted, ", "))
end

local function check_unique(run, path, seen, name, value, at)
  if value == nil then return end
  local id = name .. "\0" .. tostring(value)
  if seen[id] then
    add_error(run, at, "is the same as " .. seen[id] .. "; it must be unique")
  else
    seen[id] = at
  end
end

local function is_list(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for key in pairs(value) do
    count = count + 1
    if math.type(key) ~= "integer" then return false end
  end
  return count == #value
end

function CHECKS.list(run, shape, path, value)
  if not is_list(value) then return wrong_type(run, path, "a list", value) end
  local made, shown, seen = run.array {}, run.array {}, {}
  for i, item in ipairs(value) do
    local at = join(path, i)
    local kept, visible = visit(run, shape.of, at, item)
    made[#made + 1] = kept
    shown[#shown + 1] = visible ~= nil and visible or "(secret)"
    if shape.unique == true then check_unique(run, path, seen, "", kept, at) end
    for _, name in ipairs(shape.unique ~= true and shape.unique or {}) do
      if type(kept) == "table" then check_unique(run, path, seen, name, kept[name], join(at, name)) end
    end
  end
  if #value < (shape.min or 0) then add_error(run, path, "needs at least " .. shape.min .. " items") end
  if shape.max and #value > shape.max then add_error(run, path, "has more than " .. shape.max .. " items") end
  return made, shown
end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

function CHECKS.map(run, shape, path, value)
  if type(value) ~= "table" then return wrong_type(run, path, "a table", value) end
  local made, shown = {}, {}
  for _, key in ipairs(sorted_keys(value)) do
    if type(key) ~= "string" then
      add_error(run, join(path, key), "expected a name, not a position")
    else
      local at = join(path, key)
      if shape.key then visit(run, shape.key, at, key) end
      made[key], shown[key] = visit(run, shape.of, at, value[key])
    end
  end
  return made, shown
end

function CHECKS.table(run, shape, path, value)
  if type(value) ~= "table" then return wrong_type(run, path, "a table", value) end
  local made, shown = {}, {}
  for _, key in ipairs(sorted_keys(value)) do
    if not shape.fields[key] then
      local meant = type(key) == "string" and suggest(key, shape.fields)
      add_error(run, join(path, key), "unknown key" .. (meant and ' (did you mean "' .. meant .. '"?)' or ""))
    end
  end
  for _, key in ipairs(sorted_keys(shape.fields)) do
    made[key], shown[key] = visit(run, shape.fields[key], join(path, key), value[key])
  end
  return made, shown
end

function CHECKS.choice(run, shape, path, value)
  local first
  for _, candidate in ipairs(shape.of) do
    local attempt = { errors = {}, reveal = run.reveal, array = run.array }
    local made, shown = visit(attempt, candidate, path, value)
    if #attempt.errors == 0 then return made, shown end
    local fits_roughly = candidate.kind == "table" and type(value) == "table"
    if fits_roughly or not first then first = attempt.errors end
  end
  if shape.hint and type(value) ~= "table" then return add_error(run, path, shape.hint) end
  for _, found in ipairs(first) do add_error(run, found.path, found.message) end
end

function visit(run, shape, path, value)
  if value == nil then value = shape.default end
  if value == nil then
    if not shape.optional then add_error(run, path, "is missing") end
    return nil, nil
  end
  local before = #run.errors
  local made, shown = CHECKS[shape.kind](run, shape, path, value)
  if shape.check and #run.errors == before then
    local ok, message, below = shape.check(made)
    if not ok then add_error(run, below and path .. "." .. below or path, message or "is not allowed") end
  end
  return made, shown
end

-- Checks `value` against `shape`. tools.reveal(secret) gives a secret's text, tools.array(list) marks a list for JSON.
-- Returns the value with defaults filled in, the same without secrets, and a list of {path=, message=}.
function M.validate(shape, value, tools)
  local run = { errors = {}, reveal = tools.reveal, array = tools.array }
  local made, shown = visit(run, shape, "", value)
  return made, shown, run.errors
end

return M
