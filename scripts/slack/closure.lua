-- closure: the views of closing an incident that more than one feature needs.
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local footer = require "slack.footer"
local incident_text = require "slack.incident_text"
local view = require "slack.view"

local M = {}

local EARLY_MAX_MESSAGE = 1200

--- Does this step ask for a reason? (An incident that was never worked on is closed.)
---@param status integer  the wanted one
---@return boolean
function M.needs_reason(context, status)
  local lifecycle = incidents.lifecycle({ id = context.incident.id }, context.actor)
  for _, step in ipairs(lifecycle and lifecycle.next or {}) do
    if step.value == status then return step.needs_closure_reason end
  end
  return false
end

local function reason_options(lifecycle)
  local options = {}
  for _, reason in ipairs(lifecycle.closure_reasons) do
    if reason.is_offered then options[#options + 1] = blocks.option(reason.label, reason.value) end
  end
  return options
end

--- The form that asks why an incident is closed early.
---@param carry? table  what was changed in the form before: { priority=, category= }
---@param message? string  what was written there
function M.reason_view(context, carry, message)
  local incident = context.incident
  local lifecycle = assert(incidents.lifecycle({ id = incident.id }, context.actor))
  return view.modal {
    callback_id = "incident_closure_reason", title = ("Close #%d"):format(incident.id),
    submit = "Close incident", close = "Cancel",
    metadata = { incident = incident.id, carry = carry },
    blocks = {
      blocks.section("*" .. incident_text.headline(incident) .. "*"),
      blocks.context("It is " .. blocks.escape(incident.status_label) .. " now."),
      blocks.input {
        block_id = "closure_reason", label = "Why is it closed?",
        element = blocks.select {
          action_id = "select_closure_reason", options = reason_options(lifecycle),
          placeholder = "Choose a reason",
        },
      },
      blocks.input {
        block_id = "closure_reference", label = "Reference", optional = true,
        hint = "Another incident's number, or a link.",
        element = blocks.text_input { action_id = "input_closure_reference", max = 100 },
      },
      blocks.input {
        block_id = "closure_message", label = "For the timeline",
        element = blocks.text_input {
          action_id = "input_closure_message", multiline = true, min = 1, max = EARLY_MAX_MESSAGE,
          initial = message,
        },
      },
      footer.block(),
    },
  }
end

return M
