-- deploy_warning: a P1 in production asks everyone not to deploy, in the conversation tagged `it_deploy`; when it is
-- mitigated, or no P1 any more, they are told that they may; and when it is back, not to again. Of each incident the
-- newest of these messages stands there, and no other.
local log = require "engine.log"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"
local status = require "incident_status"
local step = require "slack.step"

local TAG = "it_deploy"

local function go_on(incident)
  local words = (":white_check_mark: Deployments may go on: *%s* does not stop them any more. (%s)"):format(
    incident_text.headline(incident), incident_text.page_link(incident))
  return { text = words, blocks = { blocks.section(words) } }
end

local function stop(incident, conversation)
  return {
    text = ("Please do not deploy: %s in <#%s>"):format(incident_text.headline(incident), conversation.external_id),
    blocks = {
      blocks.header("Please do not deploy"),
      blocks.section((":warning: %s *%s* is open. Keep deployments back until this channel says otherwise;"
        .. " it is worked on in <#%s>. (%s)"):format(incident_text.priority(incident.priority),
        incident_text.headline(incident), conversation.external_id, incident_text.page_link(incident))),
    },
  }
end

local function warn_deployers(ctx, incident, conversation)
  if incident.is_private then return end
  local is_stopped = rules.stops_deployments(incident) and incident.status < status.MITIGATED
  local shared, err = message.tagged_conversation(TAG)
  if err then return nil, err end
  if not shared then
    if is_stopped then
      log.warn("no conversation has the tag " .. TAG .. ": nobody is asked to stop deploying", {
        incident = incident.id,
      })
    end
    return
  end
  local said = is_stopped and stop(incident, conversation) or go_on(incident)
  said.conversation, said.incident = shared, incident
  said.kind, said.unless_same = "ff_deploy_warning_" .. incident.id, true
  local last, problem = message.sent(said)
  if problem then return nil, problem end
  if last or is_stopped then return message.replace(ctx, said) end
end

return step.unit {
  about = "Asks not to deploy during a P1, until it is mitigated",
  events = { "conversation.created", "incident.updated" }, order = 70, run = warn_deployers,
  touching = { ["incident.updated"] = { "status", "priority", "environment", "category", "title" } },
}
