-- status: "/incident status": where an incident stands, at a glance.
local incidents = require "engine.incidents"
local time = require "engine.time"
local blocks = require "slack.blocks"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local view = require "slack.view"

local function participants(incident)
  local lines = {}
  for _, role in ipairs(incident.roles or {}) do
    lines[#lines + 1] = ("%s: %s"):format(incident_text.named(role), people.mention(role.person))
  end
  lines[#lines + 1] = "\u{270D}\u{FE0F} Declared by: " .. people.mention(incident.created_by)
  return table.concat(lines, "\n")
end

local function latest_message(detail)
  local found
  for _, update in ipairs(detail.updates or {}) do
    local has_words = update.message and update.message ~= ""
    if has_words and (not found or update.event_at_ms >= found.event_at_ms) then found = update end
  end
  return found
end

local function add_message(list, detail)
  local update = latest_message(detail)
  if not update then return end
  list[#list + 1] = blocks.divider()
  list[#list + 1] = blocks.context(("%s, %s"):format(incident_text.moment(update.event_at_ms),
    people.mention(update.created_by)))
  list[#list + 1] = blocks.section(blocks.quote(update.message, 1500))
end

local function build(context)
  local incident = context.incident
  local detail = assert(incidents.detail({ id = incident.id }, context.actor))
  local ended = incident.closed_at_ms or time.now_ms()
  local facts = {
    { "Status", blocks.escape(incident.status_label) },
    { "Priority", incident_text.priority(incident.priority) },
    { "Environment", blocks.escape(incident.environment.name, 100) },
    { "Category", incident_text.category(incident.category) },
    { "Declared", incident_text.moment(incident.created_at_ms) },
    { incident.closed_at_ms and "Took" or "Age", time.humanize(ended - incident.created_at_ms) },
  }
  local list = {
    blocks.section("*" .. incident_text.headline(incident) .. "*"), blocks.fields(facts),
    blocks.section(participants(incident)),
  }
  add_message(list, detail)
  list[#list + 1] = blocks.section(incident_text.page_link(incident, "Everything about it"))
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = "incident_status", title = ("Incident #%d status"):format(incident.id), close = "Close",
    blocks = list,
  }
end

return incident_modal.feature {
  callback_id = "incident_status", title = "Get incident status", prompt = "Which incident do you ask for?",
  action = "see", build = build,
  command = {
    name = "status", usage = { "status", "status #12" },
    about = { "where the incident stands", "the same for incident 12" },
  },
  buttons = { open = { "incident_status" } }, shortcuts = { "incident_status" },
}
