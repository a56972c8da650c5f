-- invitee: one person brought into an incident's channel, whatever else they asked to be left out of.
local client = require "slack.client"
local people = require "slack.people"

local M = {}

local IS_IN = { already_in_channel = true, cant_invite_self = true }

--- What became of it, as invitations.outcome takes it; an error only when it is worth another try. May yield.
---@param conversation table
---@param person table
---@param why { strategy: string, reason: string }  the unit that invites, and what the person is told
---@return table|nil result
---@return table|nil err
function M.invite(conversation, person, why)
  local function became(state, problem)
    return { person_id = person.id, state = state, error = problem, strategy = why.strategy, reason = why.reason }
  end
  local slack_id = people.slack_id(person)
  if not slack_id then
    return became("failed", "the person has no account on this platform")
  end
  local answer, err = client.call("conversations.invite", {
    channel = conversation.external_id, users = slack_id,
  })
  if answer or IS_IN[err.slack] then return became "invited" end
  if err.retryable then return nil, err end
  return became("failed", err.slack or tostring(err))
end

return M
