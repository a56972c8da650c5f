-- members: who is in a channel. Lists of Slack ids turned into our people: who is unknown is asked for; who cannot be
-- found is left out, but a rate limit is waited for: who could be found is not left out for it.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local json = require "engine.json"
local log = require "engine.log"
local foreign = require "slack.foreign"
local people = require "slack.people"

local M = {}

--- The ids of our people with these Slack ids. May yield.
---@param slack_ids string[]
---@return string[]|nil
---@return table|nil err  code "rate_limited", and nothing else
function M.person_ids(slack_ids)
  local ids = json.array {}
  for _, slack_id in ipairs(slack_ids) do
    local person, err
    if foreign.text(slack_id) then person, err = people.resolve(slack_id) end
    if person then
      ids[#ids + 1] = person.id
    elseif err and err.code == "rate_limited" then
      return nil, err
    else
      log.warn("a member is unknown and left out: " .. tostring(err or "no id"), {
        user = tostring(slack_id),
      })
    end
  end
  return ids
end

-- <of_incident>: in the engine's name, since nobody sees a private incident before they belong to it.
local function change(conversation, person_id, reason, of_conversation, of_incident)
  local changed, err = of_conversation { conversation_id = conversation.id, person_id = person_id }
  if changed and conversation.incident_id then
    changed, err = of_incident { id = conversation.incident_id, person_id = person_id, reason = reason }
  end
  return changed, err
end

--- The person is in the conversation now, and so part of its incident. May yield.
---@param conversation { id: string, incident_id?: integer }
---@param reason string  for the audit log
---@return table|nil changed
---@return table|nil err
function M.join(conversation, person_id, reason)
  return change(conversation, person_id, reason, conversations.add_member, incidents.add_member)
end

--- The person is not in the conversation any more, nor part of its incident. May yield; as M.join.
function M.leave(conversation, person_id, reason)
  return change(conversation, person_id, reason, conversations.remove_member, incidents.remove_member)
end

return M
