-- message_changes: somebody edits or deletes a message of an incident's channel. Whether the timeline
-- has it, and what the message says now, is found out by a job (strategies/integrations/slack/
-- message_changes.lua), after the jobs that are about to put it there.
local conversations = require "engine.conversations"
local jobs = require "engine.jobs"
local log = require "engine.log"
local foreign = require "slack.foreign"
local timeline = require "slack.timeline"

-- The ts of the message, and nothing when the timeline has nothing to learn: links that unfold and
-- answers that are counted also change messages, and so do we.
local TS_OF = {}

function TS_OF.message_changed(event)
  local message, before = foreign.table(event.message), foreign.table(event.previous_message)
  if message.text == before.text or timeline.is_ours(message) then return nil end
  return message.ts
end

function TS_OF.message_deleted(event)
  return event.deleted_ts
end

local function is_incidents(channel)
  local conversation = conversations.get { platform = "slack", external_id = channel }
  return conversation and conversation.incident_id ~= nil
end

local function changed(event)
  local ts_of, channel = TS_OF[event.subtype], foreign.text(event.channel)
  local ts = ts_of and ts_of(event)
  if not channel or not timeline.is_ts(ts) or not is_incidents(channel) then return end
  local _, err = jobs.enqueue {
    handler = "integrations/slack/message_changes:follow", lane = timeline.lane(channel, ts),
    args = { channel = channel, ts = ts },
  }
  if err then log.warn("a message's event was not taken over: " .. tostring(err)) end
end

return { events = { message = changed } }
