-- send_message: what an operator says in a declared conversation:
--   halligan task run slack.send_message --args '{"conversation": "tech_incidents", "text": "Maintenance at noon"}'
-- After an answer that was lost the conversation is asked whether it stands there already.
local conversations = require "engine.conversations"
local client = require "slack.client"
local foreign = require "slack.foreign"
local message = require "slack.message"

local KIND = "operator_message"
local PAGE = 200

-- By its tag, or Slack's id.
local function find(name)
  local found = conversations.get { tag = name }
  if found then return found end
  return conversations.get { platform = "slack", external_id = name }
end

local function is_sent(ctx, channel)
  local answer, err = message.call_as_member("conversations.history", {
    channel = channel, limit = PAGE, include_all_metadata = true,
  })
  if not answer then return nil, err end
  for _, one in ipairs(foreign.table(answer.messages)) do
    local payload = foreign.table(foreign.table(foreign.table(one).metadata).event_payload)
    if payload.ff_type == KIND and payload.job_id == tostring(ctx.job_id) then return true end
  end
  return false
end

local function send_message(ctx, args)
  if type(args.text) ~= "string" or type(args.conversation) ~= "string" then
    return nil, client.error { code = "invalid", message = 'it takes {"conversation": tag or id, "text": mrkdwn}' }
  end
  local conversation = find(args.conversation)
  if not conversation then
    return nil, client.error {
      code = "not_found", message = "slack.conversations declares no " .. args.conversation,
    }
  end
  if ctx.unknown then
    local sent, err = is_sent(ctx, conversation.external_id)
    if sent or sent == nil then return nil, err end
  end
  local _, err = message.call_as_member("chat.postMessage", {
    channel = conversation.external_id, text = args.text, unfurl_links = false,
    metadata = { event_type = KIND, event_payload = { ff_type = KIND, job_id = tostring(ctx.job_id) } },
  })
  return nil, err
end

return {
  about = "Says something in a conversation",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.send_message"] = {
      about = "Sends a message ({conversation = tag or id, text = mrkdwn})", run = send_message,
    },
  },
}
