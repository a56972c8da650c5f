-- invite_merged: who worked on a duplicate goes on in the channel of the incident that it repeats.
local invitations = require "engine.invitations"
local people = require "engine.people"
local invitee = require "slack.invitee"
local step = require "slack.step"

local function bring(_, incident, conversation, event)
  local results = {}
  for _, person_id in ipairs(event.person_ids or {}) do
    local person, err = people.get { id = person_id }
    if not person then return nil, err end
    local result, problem = invitee.invite(conversation, person, {
      strategy = "integrations/slack/invite_merged",
      reason = ("worked on #%d, a duplicate of this"):format(event.duplicate_id),
    })
    if not result then return nil, problem end
    results[#results + 1] = result
  end
  if #results == 0 then return end
  return invitations.outcome { incident_id = incident.id, results = results }
end

return step.unit {
  about = "Invites the people of a duplicate", event = "incident.merged", order = 10, run = bring,
}
