-- roles: who holds which role, said in the channel once it is ready, and whenever it changes.
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local people = require "slack.people"
local step = require "slack.step"

local function holders(incident)
  local fields = {}
  for _, role in ipairs(incident.roles) do
    if #fields < blocks.LIMIT.fields then
      fields[#fields + 1] = {
        blocks.escape((role.emoji .. " " .. role.name):gsub("^ ", ""), 100),
          people.mention(role.person),
      }
    end
  end
  return fields
end

local function show_roles(ctx, incident, conversation, event)
  local fields = holders(incident)
  if #fields == 0 then return end
  return message.send(ctx, {
    conversation = conversation, incident = incident, kind = "ff_incident_roles_updated",
    update_id = event.update_id,
    text = "Roles of " .. incident_text.headline(incident),
    blocks = { blocks.section("*Roles*"), blocks.fields(fields) },
  })
end

return step.unit {
  about = "Shows the roles of an incident in its channel",
  events = { "conversation.ready", "roles.assigned" }, order = 20, run = show_roles,
}
