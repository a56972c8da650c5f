-- invite_author: whoever declared the incident comes first, before anything is said in the channel.
local log = require "engine.log"
local client = require "slack.client"
local people = require "slack.people"
local step = require "slack.step"

local function invite_author(_, incident, conversation)
  local author = incident.created_by
  local slack_id = people.slack_id(author)
  if not slack_id then
    local linked, err = people.link(author)
    if err then return nil, err end
    slack_id = people.slack_id(linked)
  end
  if not slack_id then
    log.warn("the author has no Slack account", { incident = incident.id })
    return
  end
  local answer, err = client.call("conversations.invite", {
    channel = conversation.external_id, users = slack_id,
  })
  if answer or err.slack == "already_in_channel" or err.slack == "cant_invite_self" then return end
  return nil, err
end

return step.unit {
  about = "Invites the author of an incident to its channel", order = 30, run = invite_author,
}
