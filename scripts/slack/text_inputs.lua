-- text_inputs: title and description of an incident in forms that change them.
local text = require "engine.text"
local blocks = require "slack.blocks"
local form = require "slack.creation.form"

local M = {}

-- Longer than the form allows, as imported ones may be: it is not offered, so that nothing is cut.
local function add(list, name, label, value, rule)
  if text.length(value) > rule.max then return end
  list[#list + 1] = blocks.input {
    block_id = name, label = label,
    element = blocks.text_input {
      action_id = name, min = rule.min, max = rule.max, multiline = name == "description", initial = value,
    },
  }
end

--- Adds the inputs `title` and `description` to a form's blocks.
---@param list table[]  is changed
---@param incident table
function M.add(list, incident)
  add(list, "title", "Title", incident.title, form.TITLE)
  add(list, "description", "Description", incident.description, form.DESCRIPTION)
end

--- What was typed, where it says something else than what is there; nil otherwise.
---@param typed string|nil
---@param current? string
function M.changed(typed, current)
  typed = typed and typed:match "^%s*(.-)%s*$"
  return typed and typed ~= "" and typed ~= current and typed or nil
end

return M
