-- open_channel_when_worse: an incident that was declared as an ordinary one and turns out to be critical gets its
-- channel then, and whoever found that out is in it. Last of the steps of an update: what they would say in the
-- channel, its announcement says.
local incidents = require "engine.incidents"
local updates = require "engine.updates"
local invitee = require "slack.invitee"
local opening = require "slack.opening"
local rules = require "slack.rules"

-- Whoever changed it; nobody when a program did.
local function invite_sender(event)
  local update, unknown = updates.get { id = event.update_id }
  if not update or not update.created_by then return nil, unknown end
  local incident, err = incidents.get { id = event.incident_id }
  if not incident then return nil, err end
  return invitee.invite_all(incident, "integrations/slack/open_channel_when_worse", {
    { person = update.created_by, reason = "made it " .. incident.priority.name },
  })
end

local function open_channel(ctx, event)
  local incident, err = incidents.get { id = event.incident_id }
  if not incident then return nil, err end
  if not incident.conversation then
    if not rules.became_critical(incident, event) then return end
    local outcome, problem = opening.open(ctx, incident)
    if outcome or problem then return outcome, problem end
    ctx:note { has_opened = true }
  end
  if ctx.progress.has_opened then return invite_sender(event) end
end

return {
  about = "Opens a channel when an incident turns out to be critical",
  order = 95,
  enabled = function(settings) return settings.slack.token ~= "" end,
  on = { ["incident.updated"] = open_channel },
  touching = { ["incident.updated"] = { "priority" } },
}
