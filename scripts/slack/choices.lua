-- choices: the options of selects that several forms share, from the catalogue's rows.
local blocks = require "slack.blocks"

local M = {}

--- Groups of categories for blocks.grouped_select. A lock marks private ones.
function M.categories(catalogue)
  local groups, by_name = {}, {}
  for _, category in ipairs(catalogue.categories) do
    local group = by_name[category.group.name]
    if not group then
      group = { name = category.group.name, options = {} }
      by_name[category.group.name] = group
      groups[#groups + 1] = group
    end
    local label = category.is_private and "\u{1F512} " .. category.name or category.name
    group.options[#group.options + 1] = blocks.option(label, tostring(category.id))
  end
  return groups
end

--- Environments by their values, and the values of those that are chosen by default.
---@return table[] options
---@return string[] defaults
function M.environments(catalogue)
  local options, defaults = {}, {}
  for i = 1, math.min(#catalogue.environments, blocks.LIMIT.options) do
    local environment = catalogue.environments[i]
    options[i] = blocks.option(environment.name, environment.value)
    if environment.is_default then defaults[#defaults + 1] = environment.value end
  end
  return options, defaults
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

--- What the status may become, as incident.lifecycle says; the current one is first.
function M.statuses(lifecycle)
  local options = {}
  for i, status in ipairs(lifecycle.next) do
    options[i] = blocks.option(status.label, tostring(status.value))
  end
  return options
end

return M
