-- channel_name: the name of an incident's channel, made of its facts: date, number, environments,
-- category.
local client = require "slack.client"

local M = {}

local MAX = 80
local MAX_SUFFIX = 20
local ENVIRONMENT_ORDER = { PRD = 0, STG = 1, INT = 2, support = 3 }
local LAST = 99
local SHORT = 3

local function environments_of(incident)
  local custom = incident.custom_fields and incident.custom_fields.environments
  local values = {}
  for _, value in ipairs(type(custom) == "table" and custom or {}) do
    values[#values + 1] = tostring(value)
  end
  if #values == 0 and incident.environment then values[1] = incident.environment.value end
  local position = {}
  for i, value in ipairs(values) do position[value] = position[value] or i end
  table.sort(values, function(a, b)
    local first, second = ENVIRONMENT_ORDER[a] or LAST, ENVIRONMENT_ORDER[b] or LAST
    if first ~= second then return first < second end
    return position[a] < position[b]
  end)
  return values
end

local function join(parts)
  return (table.concat(parts, "-"):gsub("[^%da-zA-Z]+", "-"):lower())
end

local function compose(date, incident, environments)
  local parts = { date, tostring(incident.id):sub(1, 8) }
  if #environments > 0 then parts[#parts + 1] = table.concat(environments, "-") end
  parts[#parts + 1] = incident.category.name
  return join(parts)
end

---@param incident table
---@param date string  YYYYMMDD of its creation, local
---@return string
function M.of(incident, date)
  local environments = environments_of(incident)
  local name = compose(date, incident, environments)
  if #name <= MAX then return name end
  for i, value in ipairs(environments) do environments[i] = value:sub(1, SHORT) end
  return compose(date, incident, environments):sub(1, MAX)
end

--- Is it a name that we gave it, and nobody else another one?
---@param name string
---@param incident table
---@param date string  as of M.of
---@return boolean
function M.is_ours(name, incident, date)
  local beginning = join { date, tostring(incident.id):sub(1, 8) } .. "-"
  return name:sub(1, #beginning) == beginning
end

--- The same name with a number, for when it is taken: "...-2".
function M.with_suffix(name, number)
  if number < 2 then return name end
  local suffix = "-" .. number
  return name:sub(1, MAX - #suffix):gsub("%-+$", "") .. suffix
end

--- Tries the name, then those with a number, until one is not taken. May yield.
---@param name string
---@param try fun(candidate: string): any, table|nil  an error with slack = "name_taken" leads to the next
---@return any
---@return table|nil err
function M.first_free(name, try)
  for number = 1, MAX_SUFFIX do
    local done, err = try(M.with_suffix(name, number))
    if done or err.slack ~= "name_taken" then return done, err end
  end
  return nil, client.error {
    code = "conflict", retryable = false, message = "no free channel name: " .. name .. " and its numbers are taken",
  }
end

return M
