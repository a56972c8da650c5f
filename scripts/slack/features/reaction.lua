-- reaction: a reaction to a message of an incident's channel, in a thread or not, makes the message an
-- update; when the last one is taken back, the update goes. The work is jobs of one lane a message
-- (strategies/integrations/slack/reaction_update.lua): the message has to be asked for.
local jobs = require "engine.jobs"
local log = require "engine.log"
local foreign = require "slack.foreign"
local timeline = require "slack.timeline"

local function enqueue(job)
  return function(event)
    local item = foreign.table(event.item)
    local channel, user = foreign.text(item.channel), foreign.text(event.user)
    if not timeline.is_mark(event.reaction) or item.type ~= "message" then return end
    if not channel or not user or not timeline.is_ts(item.ts) then return end
    local _, err = jobs.enqueue {
      handler = "integrations/slack/reaction_update:" .. job, lane = timeline.lane(channel, item.ts),
      args = { channel = channel, ts = item.ts, user = user },
    }
    if err then log.warn("a reaction was not taken over: " .. tostring(err)) end
  end
end

return { events = { reaction_added = enqueue "add", reaction_removed = enqueue "undo" } }
