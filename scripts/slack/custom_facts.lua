-- custom_facts: the operator's own fields of an incident (config: custom_fields) as people read them.
local config = require "engine.config"
local blocks = require "slack.blocks"

local M = {}

local VALUE_MAX = 300

local function label_of(field, value)
  for _, choice in ipairs(field.choices or {}) do
    if choice.value == value then return choice.name end
  end
  return tostring(value)
end

local SHOWN = {}

function SHOWN.boolean(_, value) return value and "yes" or nil end

function SHOWN.url(_, value)
  return blocks.is_url(value) and blocks.link(value, value) or nil
end

function SHOWN.choices(field, values)
  if type(values) ~= "table" then return nil end
  local labels = {}
  for i, value in ipairs(values) do labels[i] = label_of(field, value) end
  return #labels > 0 and blocks.escape(table.concat(labels, ", "), VALUE_MAX) or nil
end

-- nil: it says nothing.
local function shown(field, value)
  if value == nil or value == "" then return nil end
  if SHOWN[field.type] then return SHOWN[field.type](field, value) end
  return type(value) ~= "table" and blocks.escape(blocks.line(label_of(field, value)), VALUE_MAX) or nil
end

--- Name and value of those that say something, in the order of the config; mrkdwn.
---@param incident table
---@return table[]  { name, value }
function M.of(incident)
  local list, values = {}, incident.custom_fields
  for _, field in ipairs(type(values) == "table" and config.custom_fields or {}) do
    local text = shown(field, values[field.key])
    if text then list[#list + 1] = { blocks.escape(field.name, 100), text } end
  end
  return list
end

return M
