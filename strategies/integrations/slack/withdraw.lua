-- withdraw: of an incident that becomes private only its own channel speaks: what was said of it in shared ones is
-- taken away.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local log = require "engine.log"
local messages = require "engine.messages"
local client = require "slack.client"

local MOST = 1000

-- An error when the message still stands there.
local function take_away(kept)
  local conversation, err = conversations.get { id = kept.conversation_id }
  if not conversation then return err end
  local _, refusal = client.call("chat.delete", { channel = conversation.external_id, ts = kept.external_id })
  if refusal and refusal.slack ~= "message_not_found" then return refusal end
  local _, problem = messages.delete { id = kept.id }
  return problem
end

local function withdraw(_, event)
  local incident, err = incidents.get { id = event.incident_id }
  if not incident then return nil, err end
  if not incident.is_private then return end
  local kept, unread = messages.list { incident_id = incident.id, limit = MOST }
  if not kept then return nil, unread end
  local own, failure = incident.conversation and incident.conversation.id, nil
  for _, one in ipairs(kept) do
    local problem = one.conversation_id ~= own and take_away(one) or nil
    if problem and problem.retryable then return nil, problem end
    if problem then
      log.warn("a message of a private incident stays: " .. tostring(problem), { incident = incident.id })
    end
    failure = failure or problem
  end
  return nil, failure
end

return {
  about = "Takes away what shared channels say of an incident that becomes private",
  order = 5,
  enabled = function(settings) return settings.slack.token ~= "" end,
  on = { ["records.changed"] = withdraw },
  touching = { ["records.changed"] = { "is_private" } },
}
