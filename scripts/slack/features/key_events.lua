-- key_events: when it started, was detected, was over: the moments that figures are made from.
local incidents = require "engine.incidents"
local json = require "engine.json"
local blocks = require "slack.blocks"
local field_errors = require "slack.field_errors"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local reply = require "slack.reply"
local view = require "slack.view"

local CALLBACK = "incident_key_events"

local function picker(event)
  local name = "key_event_" .. event.event_type
  local label = event.summary:find "%S" and event.summary or event.name
  return blocks.input {
    block_id = name, label = (label:gsub("%*", "")), optional = not event.is_required,
    element = blocks.moment_picker {
      action_id = name, initial = event.at_ms and event.at_ms // 1000 or nil,
    },
  }
end

local function fixed(event)
  local at = event.at_ms and incident_text.moment(event.at_ms) or "not yet"
  return blocks.section("*" .. blocks.escape(event.name, 200) .. "*: " .. at)
end

local function build(context)
  local incident = context.incident
  local events = assert(incidents.key_events({ id = incident.id }, context.actor))
  local list = { blocks.section("*" .. incident_text.headline(incident) .. "*") }
  for _, event in ipairs(events) do
    if event.asked_for then list[#list + 1] = event.user_editable and picker(event) or fixed(event) end
  end
  view.fit(list, ("`halligan incident key-events %d` has all of them."):format(incident.id))
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = "Key events of #" .. incident.id, submit = "Save", close = "Cancel",
    blocks = list, metadata = incident_modal.metadata(incident),
  }
end

-- What was picked, where it differs in the second that a picker knows; json.null takes a moment away.
---@param shown table  the form's blocks by id: what is not there stays as it is
local function changes_of(events, shown, values)
  local changes, blocks_of = {}, {}
  for _, event in ipairs(events) do
    local name = "key_event_" .. event.event_type
    local picked, known = values[name], event.at_ms and event.at_ms // 1000
    if event.asked_for and event.user_editable and shown[name] and picked ~= known then
      changes[event.event_type] = picked and picked * 1000 or json.null
    end
    blocks_of["key_events." .. event.event_type] = name
    blocks_of.first = blocks_of.first or (event.asked_for and event.user_editable and name or nil)
  end
  return changes, blocks_of
end

local function submit(context, values)
  local events = assert(incidents.key_events({ id = context.incident.id }, context.actor))
  local changes, blocks_of = changes_of(events, context.given.view.values, values)
  if not next(changes) then return reply.ack() end
  local result, err = incidents.set_key_events({
    id = context.incident.id, key_events = changes,
  }, context.actor)
  if not result then return field_errors.response(err, blocks_of, blocks_of.first) end
  return reply.ack()
end

-- A moment that was picked in a message, as messages of before have pickers for: key_event_started.
local function picked_in_message(given)
  local id = math.tointeger(tonumber(given.action.value))
  local context, words = incident_modal.context(given, "update", id)
  if not context then return reply.tell(given, { text = words }) end
  local name = given.action.id:gsub("^post_mortem_milestone", "key_event"):gsub("___.*$", "")
  local event_type = name:match "^key_event_date_(.+)$" or name:match "^key_event_(.+)$"
  if not event_type then return end
  local result, err = incidents.set_key_events({
    id = context.incident.id, key_events = { [event_type] = given.action.at and given.action.at * 1000 or json.null },
  }, context.actor)
  if not result then reply.tell(given, { text = ":warning: " .. blocks.escape(tostring(err), 500) }) end
end

local feature = incident_modal.feature {
  callback_id = CALLBACK, title = "Key events", prompt = "Of which incident?",
  action = "update", build = build, submit = submit,
  command = {
    name = "key-events", synonyms = { "key events", "milestones" }, usage = { "key-events" },
    about = { "say when it started, was detected and was over" },
  },
  buttons = { open = { "open_modal_incident_key_events" }, push = { "push_modal_incident_key_events" } },
}
feature.action_patterns = { { "^key_event_.", picked_in_message }, { "^post_mortem_milestone_.", picked_in_message } }
return feature
