-- downgrade_hint: when an incident is no critical one any more, its commander (else whoever said so) is asked whether
-- it needs its channel. Only they see it. A courtesy: said at most once, and never a reason to fail.
local log = require "engine.log"
local updates = require "engine.updates"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local rules = require "slack.rules"
local step = require "slack.step"

local COMMANDER = "commander"

-- Slack's id of whom to ask; nil: nobody.
local function whom(incident, event)
  for _, role in ipairs(incident.roles) do
    local slack_id = role.slug == COMMANDER and people.slack_id(role.person)
    if slack_id then return slack_id end
  end
  local update, err = updates.get { id = event.update_id }
  return people.slack_id(update and update.created_by), not update and err or nil
end

local function hint(ctx, incident, conversation, event)
  if ctx.unknown or not rules.became_ordinary(incident, event) then return end
  local slack_id, err = whom(incident, event)
  if not slack_id then return nil, err end
  local words = ("*%s* is %s now. Can it go on as a regular incident, without this channel?"):format(
    incident_text.headline(incident), incident_text.priority(incident.priority))
  local _, refusal = client.call("chat.postEphemeral", {
    channel = conversation.external_id, user = slack_id, text = words,
    blocks = { blocks.section(words), blocks.actions("downgrade_hint", { blocks.button {
      action_id = "open_modal_downgrade_workflow", label = "Mark as regular", value = tostring(incident.id),
    } }) },
  })
  if not refusal then return true end
  if refusal.retryable and not refusal.unknown then return nil, refusal end
  log.info("nobody was asked whether it is a regular incident: " .. tostring(refusal), { incident = incident.id })
end

return step.unit {
  about = "Asks whether what is no critical incident any more needs its channel",
  event = "incident.updated", order = 80, run = hint,
  touching = { ["incident.updated"] = { "priority" } },
}
