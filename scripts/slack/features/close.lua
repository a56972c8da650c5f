-- close: "/incident close". What keeps an incident from being closed is shown with the button that
-- mends it; one that was never worked on asks for the reason.
local incidents = require "engine.incidents"
local status = require "incident_status"
local blocks = require "slack.blocks"
local catalogue_of = require "slack.creation.catalogue"
local choices = require "slack.choices"
local closure = require "slack.closure"
local field_errors = require "slack.field_errors"
local footer = require "slack.footer"
local form = require "slack.creation.form"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local reply = require "slack.reply"
local text_inputs = require "slack.text_inputs"
local view = require "slack.view"

local CALLBACK = "incident_close"
local BLOCK_OF = {
  title = "title", description = "description", message = "message", category = "incident_category",
}

local function title_of(incident)
  return "Close incident #" .. incident.id
end

-- The forms that mend what is missing.
local function mending_buttons(incident, lifecycle)
  local value = tostring(incident.id)
  local list = {
    blocks.button { action_id = "push_modal_incident_update_status", label = "Update status", value = value },
    blocks.button { action_id = "push_modal_incident_key_events", label = "Key events", value = value },
  }
  if lifecycle.regime == "postmortem" then
    list[3] = blocks.button { action_id = "push_modal_create_postmortem", label = "Post-mortem", value = value }
  end
  return blocks.actions("close_mend", list)
end

-- Not yet: why, and what to do.
local function obstacles_view(incident, lifecycle)
  local list = { blocks.section("*" .. incident_text.headline(incident) .. "* cannot be closed yet:") }
  for _, reason in ipairs(lifecycle.reasons) do
    list[#list + 1] = blocks.section("\u{2022} " .. blocks.escape(reason.text, 1000))
  end
  list[#list + 1] = mending_buttons(incident, lifecycle)
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = title_of(incident), close = "Close", blocks = list,
    metadata = incident_modal.metadata(incident),
  }
end

local function form_view(incident, catalogue)
  local list = {
    blocks.context ":file_folder: Closing archives the channel. What was said there stays readable.",
  }
  text_inputs.add(list, incident)
  list[#list + 1] = blocks.input {
    block_id = "message", label = "Last words", optional = true,
    element = blocks.text_input {
      action_id = "message", multiline = true, min = form.DESCRIPTION.min, max = form.DESCRIPTION.max,
    },
  }
  list[#list + 1] = blocks.input {
    block_id = "incident_category", label = "Category",
    element = choices.category_select(catalogue, tostring(incident.category.id)),
  }
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = title_of(incident), submit = "Close incident", close = "Cancel",
    metadata = incident_modal.metadata(incident), blocks = list,
  }
end

local function build(context)
  local incident = context.incident
  if incident.status == status.CLOSED then
    return view.notice(title_of(incident), "This incident is closed already.")
  end
  if closure.needs_reason(context, status.CLOSED) then return closure.reason_view(context) end
  local lifecycle = assert(incidents.lifecycle({ id = incident.id }, context.actor))
  if not lifecycle.can_be_closed then return obstacles_view(incident, lifecycle) end
  return form_view(incident, assert(catalogue_of.load()))
end

local function submit(context, values)
  local incident = context.incident
  local result, err = incidents.close({
    id = incident.id, title = text_inputs.changed(values.title, incident.title),
    description = text_inputs.changed(values.description, incident.description),
    message = text_inputs.changed(values.message), form = true,
    category = text_inputs.changed(values.incident_category, tostring(incident.category.id)),
    request_key = "slack:view:" .. context.given.view.id,
  }, context.actor)
  if not result then return field_errors.response(err, BLOCK_OF, "message") end
  return reply.clear()
end

return incident_modal.feature {
  callback_id = CALLBACK, title = "Close incident", prompt = "Which incident is to be closed?",
  action = "close", build = build, submit = submit,
  command = {
    name = "close", usage = { "close", "close #12" },
    about = { "close the incident, or see what is missing before", "the same for incident 12" },
  },
  buttons = {
    open = { "close_incident", "open_modal_incident_close" }, push = { "push_modal_incident_close" },
    update = { "update_modal_incident_close" },
  },
  shortcuts = { "close_incident" },
}
