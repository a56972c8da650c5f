-- roles: who holds which role, said in the channel once it is ready, and whenever it changes.
local updates = require "engine.updates"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local people = require "slack.people"
local step = require "slack.step"

local function holders(incident)
  local fields = {}
  for _, role in ipairs(incident.roles) do
    if #fields < blocks.LIMIT.fields then
      fields[#fields + 1] = { incident_text.named(role), people.mention(role.person) }
    end
  end
  return fields
end

local function content(incident, update)
  local fields = holders(incident)
  local list = { blocks.section(#fields > 0 and "*Roles*" or "*Roles*\nNobody has one any more.") }
  if #fields > 0 then list[2] = blocks.fields(fields) end
  if update then
    list[#list + 1] = blocks.context(("%s, %s"):format(people.mention(update.created_by),
      incident_text.moment(update.event_at_ms)))
  end
  list[#list + 1] = blocks.actions("message_role_update", { blocks.button {
    action_id = "open_modal_incident_update_roles", label = "Update", value = tostring(incident.id),
  } })
  return list
end

local function show_roles(ctx, incident, conversation, event)
  local update, err
  if event.update_id then update, err = updates.get { id = event.update_id } end
  if err and err.code ~= "not_found" then return nil, err end
  if not update and #incident.roles == 0 then return end
  return message.send(ctx, {
    conversation = conversation, incident = incident, kind = "ff_incident_roles_updated",
    update_id = event.update_id,
    text = "Roles of " .. incident_text.headline(incident), blocks = content(incident, update),
  })
end

return step.unit {
  about = "Shows the roles of an incident in its channel",
  events = { "conversation.ready", "roles.assigned" }, order = 20, run = show_roles,
}
