-- invite_roles: who is given a role belongs in the channel, whatever else they asked to be left out of.
local invitations = require "engine.invitations"
local invitee = require "slack.invitee"
local step = require "slack.step"

local function given(event, role)
  for _, one in ipairs(event.added or {}) do
    if one.slug == role.slug and one.person_id == role.person.id then return true end
  end
  return false
end

-- The roles that were given just now, one a person.
local function new_roles(incident, event)
  local list, seen = {}, {}
  for _, role in ipairs(incident.roles) do
    if not seen[role.person.id] and given(event, role) then
      seen[role.person.id] = true
      list[#list + 1] = role
    end
  end
  return list
end

local function invite_holders(_, incident, conversation, event)
  local results = {}
  for _, role in ipairs(new_roles(incident, event)) do
    local result, err = invitee.invite(conversation, role.person, {
      strategy = "integrations/slack/invite_roles", reason = "was given the role " .. role.name,
    })
    if not result then return nil, err end
    results[#results + 1] = result
  end
  if #results == 0 then return end
  return invitations.outcome { incident_id = incident.id, results = results }
end

return step.unit {
  about = "Invites those who were given a role", event = "roles.assigned", order = 10, run = invite_holders,
}
