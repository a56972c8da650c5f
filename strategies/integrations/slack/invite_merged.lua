-- invite_merged: who worked on a duplicate goes on in the channel of the incident that it repeats.
local people = require "engine.people"
local invitee = require "slack.invitee"
local step = require "slack.step"

local function bring(_, incident, _, event)
  local wanted, reason = {}, ("worked on #%d, a duplicate of this"):format(event.duplicate_id)
  for i, person_id in ipairs(event.person_ids or {}) do
    local person, err = people.get { id = person_id }
    if not person then return nil, err end
    wanted[i] = { person = person, reason = reason }
  end
  return invitee.invite_all(incident, "integrations/slack/invite_merged", wanted)
end

return step.unit {
  about = "Invites the people of a duplicate", event = "incident.merged", order = 10, run = bring,
}
