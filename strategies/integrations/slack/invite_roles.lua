-- invite_roles: who is given a role belongs in the channel, whatever else they asked to be left out of.
local invitee = require "slack.invitee"
local step = require "slack.step"

local function given(event, role)
  for _, one in ipairs(event.added or {}) do
    if one.slug == role.slug and one.person_id == role.person.id then return true end
  end
  return false
end

-- Who was given a role just now; of several roles the first is the reason.
local function new_holders(incident, event)
  local wanted, seen = {}, {}
  for _, role in ipairs(incident.roles) do
    if not seen[role.person.id] and given(event, role) then
      seen[role.person.id] = true
      wanted[#wanted + 1] = { person = role.person, reason = "was given the role " .. role.name }
    end
  end
  return wanted
end

local function invite_holders(_, incident, _, event)
  return invitee.invite_all(incident, "integrations/slack/invite_roles", new_holders(incident, event))
end

return step.unit {
  about = "Invites those who were given a role", event = "roles.assigned", order = 10, run = invite_holders,
}
