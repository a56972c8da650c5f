-- membership: who is in an incident's channel is part of the incident, and who leaves it is not.
local conversations = require "engine.conversations"
local log = require "engine.log"
local members = require "slack.members"
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

local function follow(change, reason)
  return function(event)
    local conversation, person = parties_of(event)
    if not conversation then return end
    local _, err = change(conversation, person.id, reason)
    if err then log.warn("a member's event was not taken over: " .. tostring(err)) end
  end
end

return {
  events = {
    member_joined_channel = follow(members.join, "joined the channel"),
    member_left_channel = follow(members.leave, "left the channel"),
  },
}
