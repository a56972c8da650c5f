-- catalogue: the reference rows that the creation forms offer, and what the impacts chosen so far
-- mean.
local reference = require "engine.reference"

local M = {}

local RANK = { HT = 1, HI = 2, MD = 3, LO = 4, LT = 5, NO = 6 }
local NO_IMPACT = 6
local CRITICAL_BELOW = 4
local FALLBACK_VALUE = 3

local KINDS = { "priorities", "environments", "categories", "impacts" }

local loaded

-- What a priority is called when it is typed: its name in capitals, or its number. Those that can be declared.
local function by_word(priorities)
  local words = {}
  for _, priority in ipairs(priorities) do
    if priority.enabled_create ~= false then words[tostring(priority.value)] = priority end
  end
  for _, priority in ipairs(priorities) do
    if priority.enabled_create ~= false then words[priority.name:upper()] = priority end
  end
  return words
end

--- All rows that the forms need. Read once: they change with the config only, and then these scripts begin anew.
--- May yield.
---@return table|nil catalogue  priorities, environments, categories, impacts; priority_by_word: by name in capitals
---  and by number, those that can be declared
---@return table|nil err
function M.load()
  if loaded then return loaded end
  local catalogue = {}
  for _, kind in ipairs(KINDS) do
    local rows, err = reference.list { kind = kind }
    if not rows then return nil, err end
    catalogue[kind] = rows
  end
  catalogue.priority_by_word = by_word(catalogue.priorities)
  loaded = catalogue
  return catalogue
end

local function find(rows, key, value)
  for _, row in ipairs(rows) do
    if row[key] == value then return row end
  end
end

--- The row with this id as it came back from a form; nil for an unknown one.
function M.by_id(rows, id)
  for _, row in ipairs(rows) do
    if tostring(row.id) == id then return row end
  end
end

function M.environment_by_value(catalogue, value)
  return find(catalogue.environments, "value", value)
end

--- The level chosen for an impact type; nil when none or unknown.
---@param draft table
---@param impact_type table
function M.level_of(draft, impact_type)
  return M.by_id(impact_type.levels, draft.impacts[impact_type.value])
end

--- The level that means "no impact here".
function M.no_level(impact_type)
  return find(impact_type.levels, "value", "NO")
end

--- Has the customer-like type with this name more than no impact?
function M.is_hit(catalogue, draft, type_value)
  local impact_type = find(catalogue.impacts, "value", type_value)
  local level = impact_type and M.level_of(draft, impact_type)
  return level ~= nil and level.value ~= "NO"
end

-- The smallest rank over all types; NO_IMPACT when one is missing.
local function suggested_value(catalogue, draft)
  local value = NO_IMPACT
  for _, impact_type in ipairs(catalogue.impacts) do
    local level = M.level_of(draft, impact_type)
    if not level then return NO_IMPACT end
    value = math.min(value, RANK[level.value] or NO_IMPACT)
  end
  return value
end

--- The priority that the impacts suggest; nil while nothing is hit. May be another one when no row
--- has the value.
---@return table|nil priority
function M.suggested_priority(catalogue, draft)
  local value = suggested_value(catalogue, draft)
  if value == NO_IMPACT then return nil end
  local exact = find(catalogue.priorities, "value", value)
  if exact and exact.enabled_create ~= false then return exact end
  local best
  for _, priority in ipairs(catalogue.priorities) do
    local is_offered = priority.enabled_create ~= false and priority.value >= FALLBACK_VALUE
    if is_offered and (not best or priority.value < best.value) then best = priority end
  end
  return best
end

--- "critical" (with a channel) or "normal".
---@return string
function M.response_type(priority)
  return priority.recommended_response_type or priority.response_type
    or (priority.value < CRITICAL_BELOW and "critical" or "normal")
end

--- The default environment: the first that is marked, else the first.
function M.default_environment(catalogue)
  return find(catalogue.environments, "is_default", true) or catalogue.environments[1]
end

--- The category for declarations that name none: the operator's, else "Other", else the first
--- public one.
---@param name? string  from the config
function M.default_category(catalogue, name)
  return name and find(catalogue.categories, "name", name)
    or find(catalogue.categories, "name", "Other")
    or find(catalogue.categories, "is_private", false)
end

return M
