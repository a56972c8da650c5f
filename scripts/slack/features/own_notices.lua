-- own_notices: Slack says in the channel who set its topic or its name. When that was the app itself nobody has to read
-- it: the update that caused it stands there already.
local conversations = require "engine.conversations"
local log = require "engine.log"
local client = require "slack.client"
local foreign = require "slack.foreign"
local timeline = require "slack.timeline"
local workspace = require "slack.workspace"

local NOTICES = { channel_topic = true, channel_name = true, group_topic = true, group_name = true }

local function take_away(channel, ts)
  local _, err = client.call("chat.delete", { channel = channel, ts = ts })
  if err and err.slack ~= "message_not_found" then log.info("a notice of our own stays: " .. tostring(err)) end
end

local function noticed(event)
  local channel = foreign.text(event.channel)
  if not NOTICES[event.subtype] or not channel or not timeline.is_ts(event.ts) then return end
  local identity = workspace.identity()
  if not identity or event.user ~= identity.user_id then return end
  if not conversations.get { platform = "slack", external_id = channel } then return end
  return function() take_away(channel, event.ts) end
end

return { events = { message = noticed } }
