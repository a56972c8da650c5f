-- reaction: a reaction to a message of an incident's channel makes the message an update. The work is
-- a job (strategies/integrations/slack/reaction_update.lua): the message has to be asked for.
local config = require "engine.config"
local jobs = require "engine.jobs"
local log = require "engine.log"
local foreign = require "slack.foreign"

local function reacted(event)
  local item = foreign.table(event.item)
  local channel, ts, user = foreign.text(item.channel), foreign.text(item.ts), foreign.text(event.user)
  if event.reaction ~= config.slack.update_reaction or item.type ~= "message" then return end
  if not channel or not user or not ts or not ts:find "^%d+%.%d+$" then return end
  local _, err = jobs.enqueue {
    handler = "integrations/slack/reaction_update:add", args = { channel = channel, ts = ts, user = user },
    key = ("slack.reaction:%s:%s"):format(channel, ts),
  }
  if err then log.warn("a reaction was not taken over: " .. tostring(err)) end
end

return { events = { reaction_added = reacted } }
