-- edit: "/incident edit": what the incident is called, what it is, and where.
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local catalogue_of = require "slack.creation.catalogue"
local choices = require "slack.choices"
local field_errors = require "slack.field_errors"
local footer = require "slack.footer"
local foreign = require "slack.foreign"
local incident_modal = require "slack.incident_modal"
local reply = require "slack.reply"
local text_inputs = require "slack.text_inputs"
local view = require "slack.view"

local CALLBACK = "incident_edit_incident"
local BLOCK_OF = {
  title = "title", description = "description", environment = "environment", environments = "environment",
}

-- The values of all environments of an incident; the main one is always among them.
local function environments_of(incident)
  local values = foreign.table(foreign.table(incident.custom_fields).environments)
  return #values > 0 and values or { incident.environment.value }
end

local function build(context)
  local incident, list = context.incident, {}
  local options = choices.environments(assert(catalogue_of.load()))
  text_inputs.add(list, incident)
  list[#list + 1] = blocks.input {
    block_id = "environment", label = "Environments",
    element = choices.select {
      action_id = "environment", options = options, initial = environments_of(incident), is_multi = true,
    },
  }
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = "Edit incident #" .. incident.id, submit = "Update incident",
    close = "Cancel", blocks = list, metadata = incident_modal.metadata(incident),
  }
end

local function submit(context, values)
  local incident = context.incident
  local changes = {
    title = text_inputs.changed(values.title, incident.title),
    description = text_inputs.changed(values.description, incident.description),
  }
  local environments = foreign.table(values.environment)
  if #environments > 0 and not choices.is_same(environments, environments_of(incident)) then
    changes.environments = environments
  end
  if not next(changes) then return reply.ack() end
  changes.id, changes.form = incident.id, true
  changes.request_key = "slack:view:" .. context.given.view.id
  local result, err = incidents.update(changes, context.actor)
  if not result then return field_errors.response(err, BLOCK_OF, "environment") end
  return reply.clear()
end

return incident_modal.feature {
  callback_id = CALLBACK, title = "Edit incident", prompt = "Which incident is to be edited?",
  action = "edit", build = build, submit = submit,
  command = {
    name = "edit", usage = { "edit" }, about = { "change the title, the description, the environments" },
  },
  buttons = {
    open = { "open_modal_incident_edit" }, push = { "push_modal_incident_edit" },
    update = { "update_modal_incident_edit" },
  },
  shortcuts = { "modal_edit" },
}
