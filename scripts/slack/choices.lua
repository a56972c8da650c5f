-- choices: the options of selects that several forms share, from the catalogue's rows. A list that is longer than a
-- select takes is searched while somebody types (slack.features.long_lists answers).
local blocks = require "slack.blocks"

local M = {}

local MOST = blocks.LIMIT.options

-- The label and value that an option has anyway; a group's name belongs to it where the groups are not shown.
local function category_option(category, prefix)
  local label = category.is_private and "\u{1F512} " .. category.name or category.name
  return blocks.option((prefix or "") .. label, tostring(category.id))
end

local function category_groups(catalogue)
  local groups, by_name = {}, {}
  for _, category in ipairs(catalogue.categories) do
    local group = by_name[category.group.name]
    if not group then
      group = { name = category.group.name, options = {} }
      by_name[category.group.name] = group
      groups[#groups + 1] = group
    end
    group.options[#group.options + 1] = category_option(category)
  end
  return groups
end

--- All categories in one list, each with its group's name.
---@return table[] options
function M.category_list(catalogue)
  local options = {}
  for i, category in ipairs(catalogue.categories) do
    options[i] = category_option(category, category.group.name .. " / ")
  end
  return options
end

-- Those of <options> with one of these values.
local function with_values(options, values)
  local wanted, found = {}, {}
  for _, value in ipairs(values or {}) do wanted[value] = true end
  for _, option in ipairs(options) do
    if wanted[option.value] then found[#found + 1] = option end
  end
  return found
end

--- The select of a category: in groups, or searched where there are too many of them. A lock marks private ones.
---@param initial? string  its id
function M.category_select(catalogue, initial)
  local groups, count = category_groups(catalogue), 0
  for _, group in ipairs(groups) do count = count + (#group.options + MOST - 1) // MOST end
  if count <= blocks.LIMIT.groups then
    return blocks.grouped_select {
      action_id = "incident_category", groups = groups, initial = initial, placeholder = "What is affected?",
    }
  end
  return blocks.searched_select {
    action_id = "incident_category", placeholder = "What is affected?",
    initial = with_values(M.category_list(catalogue), { initial })[1],
  }
end

--- The select of one option, or of several.
---@param wanted { action_id: string, options: table[], initial?: string, is_multi?: boolean }  initial: a value, or a
---  list of them
function M.select(wanted)
  local options, initial = wanted.options, wanted.initial
  if #options <= MOST then
    local make = wanted.is_multi and blocks.multi_select or blocks.select
    return make { action_id = wanted.action_id, options = options, initial = initial }
  end
  if wanted.is_multi then
    return blocks.searched_multi_select { action_id = wanted.action_id, initial = with_values(options, initial) }
  end
  return blocks.searched_select { action_id = wanted.action_id, initial = with_values(options, { initial })[1] }
end

--- The first options whose label holds what was typed.
---@param options table[]
---@param typed string
---@return table[]
function M.search(options, typed)
  local words, found = blocks.line(typed):lower(), {}
  for _, option in ipairs(options) do
    if #found < MOST and option.text.text:lower():find(words, 1, true) then found[#found + 1] = option end
  end
  return found
end

--- Environments by their values, and the values of those that are chosen by default.
---@return table[] options
---@return string[] defaults
function M.environments(catalogue)
  local options, defaults = {}, {}
  for i, environment in ipairs(catalogue.environments) do
    options[i] = blocks.option(environment.name, environment.value)
    if environment.is_default then defaults[#defaults + 1] = environment.value end
  end
  return options, defaults
end

--- What the operator lists: teams, platforms.
---@param rows { value: string, name?: string }[]
---@return table[] options
function M.listed(rows)
  local options = {}
  for i, row in ipairs(rows) do options[i] = blocks.option(row.name or row.value, row.value) end
  return options
end

--- Priorities that an update may choose, and the current one whatever it is.
function M.priorities(catalogue, current)
  local options = {}
  for _, priority in ipairs(catalogue.priorities) do
    if priority.enabled_update ~= false or priority.id == current.id then
      options[#options + 1] = blocks.option(("%s %s %s"):format(priority.emoji, priority.name,
        priority.description):gsub("%s+$", ""), tostring(priority.id))
    end
  end
  return options
end

--- Are the same chosen in both, in whatever order?
---@param a string[]
---@param b string[]
function M.is_same(a, b)
  local seen = {}
  for _, value in ipairs(a) do seen[value] = true end
  for _, value in ipairs(b) do
    if not seen[value] then return false end
  end
  return #a == #b
end

--- What the status may become, as incident.lifecycle says; the current one is first.
function M.statuses(lifecycle)
  local options = {}
  for i, status in ipairs(lifecycle.next) do
    options[i] = blocks.option(status.label, tostring(status.value))
  end
  return options
end

return M
