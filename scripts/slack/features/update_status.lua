-- update_status: "/incident update status": where the incident stands now, in the words of whoever updates
-- it. Only what was changed is saved; closing early asks for the reason first.
local config = require "engine.config"
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
local permit = require "slack.permit"
local reply = require "slack.reply"
local view = require "slack.view"

local CALLBACK = "incident_update_status"
local BLOCK_OF = {
  message = "message", status = "status", priority = "priority", category = "incident_category",
  closure_reason = "status",
}

local function inputs(incident, lifecycle, catalogue)
  return {
    blocks.input {
      block_id = "message", label = "What is new?", optional = true,
      hint = "What was found, what was done, what comes next. Everybody in the channel reads it.",
      element = blocks.text_input {
        action_id = "message", multiline = true, min = form.DESCRIPTION.min, max = form.DESCRIPTION.max,
      },
    },
    blocks.input {
      block_id = "status", label = "Status",
      element = blocks.select {
        action_id = "status", options = choices.statuses(lifecycle), initial = tostring(incident.status),
      },
    },
    blocks.input {
      block_id = "priority", label = "Priority",
      element = blocks.select {
        action_id = "priority", options = choices.priorities(catalogue, incident.priority),
        initial = tostring(incident.priority.id),
      },
    },
    blocks.input {
      block_id = "incident_category", label = "Category",
      element = choices.category_select(catalogue, tostring(incident.category.id)),
    },
  }
end

local function build(context)
  local incident = context.incident
  local lifecycle = assert(incidents.lifecycle({ id = incident.id }, context.actor))
  local catalogue = assert(catalogue_of.load())
  local list = inputs(incident, lifecycle, catalogue)
  table.insert(list, 1, blocks.section("*" .. incident_text.headline(incident) .. "*"))
  local guide = config.slack.help.severity
  if guide then list[#list + 1] = blocks.context(blocks.link(guide, "How to choose the priority")) end
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = "Update incident #" .. incident.id, submit = "Update incident",
    close = "Cancel", blocks = list, metadata = incident_modal.metadata(incident),
  }
end

-- What differs from the incident.
local function changes_of(incident, values)
  local changes = {}
  local chosen = math.tointeger(tonumber(values.status))
  if chosen and chosen ~= incident.status then changes.status = chosen end
  if values.priority and values.priority ~= tostring(incident.priority.id) then
    changes.priority = values.priority
  end
  if values.incident_category and values.incident_category ~= tostring(incident.category.id) then
    changes.category = values.incident_category
  end
  local message = (values.message or ""):match "^%s*(.-)%s*$"
  if message ~= "" then changes.message = message end
  return changes
end

local function submit(context, values)
  local incident = context.incident
  local changes = changes_of(incident, values)
  if changes.status == status.CLOSED then
    local allowed, refusal = permit.check(context.given, "close", incident)
    if not allowed then return reply.errors { status = refusal } end
  end
  if changes.status and closure.needs_reason(context, changes.status) then
    return reply.push_view(closure.reason_view(context, {
      priority = changes.priority, category = changes.category,
    }, changes.message))
  end
  if not next(changes) then return reply.ack() end
  changes.id, changes.form = incident.id, true
  changes.request_key = "slack:view:" .. context.given.view.id
  local result, err = incidents.update(changes, context.actor)
  if not result then return field_errors.response(err, BLOCK_OF, "message") end
  return reply.clear()
end

return incident_modal.feature {
  callback_id = CALLBACK, title = "Update incident", prompt = "Which incident is there news of?",
  action = "update", build = build, submit = submit,
  command = {
    name = "update-status", synonyms = { "update status" }, usage = { "update status" },
    about = { "say what is new: status, priority, a message" },
  },
  buttons = {
    open = { "open_modal_incident_update_status" },
    push = { "push_modal_incident_update_status" },
    update = { "update_modal_incident_update_status" },
  },
  shortcuts = { "update_incident_status" },
}
