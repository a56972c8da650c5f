-- deploy_warning: a P1 in production asks everyone not to deploy, in the conversation tagged
-- `it_deploy`; when it is mitigated, or no P1 any more, the same message says that they may.
local log = require "engine.log"
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"
local step = require "slack.step"

local TAG = "it_deploy"

-- Nothing stops deployments any more: the warning, if there was one, says so.
local function lift(incident, shared)
  local words = (":white_check_mark: Deployments may go on: *%s* is %s. (%s)"):format(
    incident_text.headline(incident), blocks.escape(incident.status_label), incident_text.page_link(incident))
  local is_there, err = message.edit {
    conversation = shared, incident = incident, kind = "ff_deploy_warning_" .. incident.id,
    text = words, blocks = { blocks.section(words) },
  }
  if is_there == nil then return nil, err end
end

local function warn_deployers(ctx, incident, conversation)
  if incident.is_private then return end
  local is_stopped = rules.stops_deployments(incident) and incident.status < status.MITIGATED
  local shared, err = message.tagged_conversation(TAG)
  if err then return nil, err end
  if not is_stopped then
    if not shared then return end
    return lift(incident, shared)
  end
  if not shared then
    log.warn("no conversation has the tag " .. TAG .. ": nobody is asked to stop deploying", {
      incident = incident.id,
    })
    return
  end
  return message.send(ctx, {
    conversation = shared, incident = incident, kind = "ff_deploy_warning_" .. incident.id,
    text = ("Please do not deploy: %s in <#%s>"):format(incident_text.headline(incident),
      conversation.external_id),
    blocks = {
      blocks.header("Please do not deploy"),
      blocks.section((":warning: %s *%s* is open. Keep deployments back until <#%s> says otherwise. (%s)"):format(
        incident_text.priority(incident.priority), incident_text.headline(incident),
          conversation.external_id,
        incident_text.page_link(incident))),
    },
  })
end

return step.unit {
  about = "Asks not to deploy during a P1, until it is mitigated",
  events = { "conversation.created", "incident.updated" }, order = 70, run = warn_deployers,
}
