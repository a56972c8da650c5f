-- tell_author: the author gets the channel's link as a direct message. A courtesy: sent at most
-- once, and never a reason to fail.
local log = require "engine.log"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local step = require "slack.step"

local function tell_author(ctx, incident, conversation)
  local slack_id = people.slack_id(incident.created_by)
  if not slack_id or ctx.unknown then return end
  local words = ("%s now has its channel: <#%s> (%s)"):format(incident_text.headline(incident),
    conversation.external_id, incident_text.page_link(incident))
  local _, err = client.call("chat.postMessage", {
    channel = slack_id, text = words, blocks = { blocks.section(words) }, unfurl_links = false,
  })
  if not err or not err.retryable or err.unknown then
    if err then
      log.info("the author was not told: " .. tostring(err), { incident = incident.id })
    end
    return
  end
  return nil, err
end

return step.unit {
  about = "Sends the author the channel's link",
  event = "conversation.ready", order = 30, run = tell_author,
}
