-- invitee: people brought into an incident's channel, whatever else they asked to be left out of.
local invitations = require "engine.invitations"
local client = require "slack.client"
local people = require "slack.people"

local M = {}

local IS_IN = { already_in_channel = true, cant_invite_self = true }

-- State and reason of a failure; nil and an error when it is worth another try.
local function bring(conversation, person)
  local slack_id = people.slack_id(person)
  if not slack_id then return "failed", "the person has no account on this platform" end
  local answer, err = client.call("conversations.invite", { channel = conversation.external_id, users = slack_id })
  if answer or IS_IN[err.slack] then return "invited" end
  if err.retryable then return nil, err end
  return "failed", err.slack or tostring(err)
end

--- Invites them one by one, and keeps what became of each. May yield.
---@param incident table  with its conversation
---@param strategy string  the unit that invites
---@param wanted { person: table, reason: string }[]  reason: what the person is told
---@return any|nil done
---@return table|nil err  something is worth another try; those before it are in already
function M.invite_all(incident, strategy, wanted)
  local results = {}
  for i, one in ipairs(wanted) do
    local state, problem = bring(incident.conversation, one.person)
    if not state then return nil, problem end
    results[i] = {
      person_id = one.person.id, state = state, error = problem, strategy = strategy, reason = one.reason,
    }
  end
  if #results == 0 then return true end
  return invitations.outcome { incident_id = incident.id, results = results }
end

return M
