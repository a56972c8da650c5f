-- invite_roles: who is given a role belongs in the channel, whatever else they asked to be left out of.
local invitations = require "engine.invitations"
local client = require "slack.client"
local people = require "slack.people"
local step = require "slack.step"

local IS_IN = { already_in_channel = true, cant_invite_self = true }

local function given(event, role)
  for _, one in ipairs(event.added or {}) do
    if one.slug == role.slug and one.person_id == role.person.id then return true end
  end
  return false
end

-- Those who were given a role just now, each once.
local function new_holders(incident, event)
  local list, seen = {}, {}
  for _, role in ipairs(incident.roles) do
    if not seen[role.person.id] and given(event, role) then
      seen[role.person.id] = true
      list[#list + 1] = role.person
    end
  end
  return list
end

-- What became of one of them; an error only when it is worth another try.
local function invite(conversation, person)
  local slack_id = people.slack_id(person)
  if not slack_id then
    return { person_id = person.id, state = "failed", error = "the person has no account on this platform" }
  end
  local answer, err = client.call("conversations.invite", {
    channel = conversation.external_id, users = slack_id,
  })
  if answer or IS_IN[err.slack] then return { person_id = person.id, state = "invited" } end
  if err.retryable then return nil, err end
  return { person_id = person.id, state = "failed", error = err.slack or tostring(err) }
end

local function invite_holders(_, incident, conversation, event)
  local results = {}
  for _, person in ipairs(new_holders(incident, event)) do
    local result, err = invite(conversation, person)
    if not result then return nil, err end
    results[#results + 1] = result
  end
  if #results == 0 then return end
  return invitations.outcome { incident_id = incident.id, results = results }
end

return step.unit {
  about = "Invites those who were given a role", event = "roles.assigned", order = 10, run = invite_holders,
}
