-- membership: who is in an incident's channel is part of the incident, and who leaves it is not.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local log = require "engine.log"
local people = require "slack.people"
local workspace = require "slack.workspace"

-- The conversation that we know and the person, or nothing.
local function parties_of(event)
  if type(event.channel) ~= "string" or type(event.user) ~= "string" then return nil end
  local identity = workspace.identity()
  if identity and identity.user_id == event.user then return nil end
  local conversation = conversations.get { platform = "slack", external_id = event.channel }
  if not conversation then return nil end
  local person, err = people.ensure(event.user)
  if not person then
    log.warn("a member's event was not taken over: " .. tostring(err))
    return nil
  end
  return conversation, person
end

-- <of_incident>: in the engine's name, since nobody sees a private incident before they belong to it.
local function change(event, reason, of_conversation, of_incident)
  local conversation, person = parties_of(event)
  if not conversation then return end
  local _, err = of_conversation { conversation_id = conversation.id, person_id = person.id }
  if not err and conversation.incident_id then
    _, err = of_incident { id = conversation.incident_id, person_id = person.id, reason = reason }
  end
  if err then log.warn("a member's event was not taken over: " .. tostring(err)) end
end

return {
  events = {
    member_joined_channel = function(event)
      change(event, "joined the channel", conversations.add_member, incidents.add_member)
    end,
    member_left_channel = function(event)
      change(event, "left the channel", conversations.remove_member, incidents.remove_member)
    end,
  },
}
