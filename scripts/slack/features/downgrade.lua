-- downgrade: an incident that was taken for a critical one goes on as an ordinary ticket: it is
-- closed here, left out of the figures, and its channel is archived.
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local field_errors = require "slack.field_errors"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local reply = require "slack.reply"
local view = require "slack.view"

local TITLE = "Mark as regular incident"
local CALLBACK = "incident_downgrade_workflow"

local function build(context)
  local incident = context.incident
  if incident.closed_at_ms then
    return view.notice(TITLE, blocks.escape(incident_text.title(incident), 300) .. " is closed already.")
  end
  return view.modal {
    callback_id = CALLBACK, title = TITLE, submit = TITLE, close = "Cancel",
    metadata = incident_modal.metadata(incident),
    blocks = {
      blocks.section("*" .. incident_text.headline(incident) .. "* is no critical incident?"),
      blocks.section("It is closed as one and left out of the figures, and its channel is archived."
        .. " Its page and its ticket stay."),
      blocks.input {
        block_id = "message", label = "For the timeline", optional = true,
        element = blocks.text_input { action_id = "message", multiline = true, max = 1200 },
      },
      footer.block(),
    },
  }
end

local function submit(context, values)
  local result, err = incidents.downgrade({
    id = context.incident.id, message = values.message,
    request_key = "slack:view:" .. context.given.view.id,
  }, context.actor)
  if not result then return field_errors.response(err, { message = "message" }, "message") end
  return reply.clear()
end

return incident_modal.feature {
  callback_id = CALLBACK, title = TITLE, prompt = "Which incident is no critical one?",
  action = "close", build = build, submit = submit,
  command = {
    name = "downgrade", synonyms = { "convert" }, usage = { "downgrade" },
    about = { "go on as a regular incident, without a channel" },
  },
  buttons = {
    open = { "open_modal_downgrade_workflow" }, push = { "push_modal_downgrade_workflow" },
    update = { "update_modal_downgrade_workflow" },
  },
}
