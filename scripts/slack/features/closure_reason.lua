-- closure_reason: an incident that turns out to be none, or another one's, is closed with a reason.
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local closure = require "slack.closure"
local field_errors = require "slack.field_errors"
local foreign = require "slack.foreign"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local reply = require "slack.reply"
local view = require "slack.view"

local BLOCK_OF = {
  closure_reason = "closure_reason", closure_reference = "closure_reference", message = "closure_message",
}

local function summary(incident)
  return { text = (":white_check_mark: %s is closed."):format(incident_text.headline(incident)) }
end

local function submit(context, values)
  local given = context.given
  local carry = foreign.table(view.metadata(given.view).carry)
  local result, err = incidents.close({
    id = context.incident.id, closure_reason = values.select_closure_reason,
    closure_reference = values.input_closure_reference, message = values.input_closure_message,
    priority = foreign.text(carry.priority), category = foreign.text(carry.category),
    request_key = "slack:view:" .. given.view.id,
  }, context.actor)
  if not result then return field_errors.response(err, BLOCK_OF, "closure_message") end
  return reply.clear(function() reply.tell(given, summary(context.incident)) end)
end

local function build(context)
  if not context.incident.closed_at_ms then return closure.reason_view(context) end
  return view.notice("Close incident", blocks.escape(incident_text.title(context.incident), 300)
    .. " is closed already.")
end

return incident_modal.feature {
  callback_id = "incident_closure_reason", title = "Close with reason",
  prompt = "Which incident is to be closed with a reason?",
  action = "close", build = build, submit = submit,
  buttons = { open = { "closure_reason_incident" } }, shortcuts = { "closure_reason_incident" },
}
