-- lost_call: a call for help that does not get through. Whoever called relies on it, and so does whoever reads the
-- timeline: both hear when it takes long, and when it was given up.
local incidents = require "engine.incidents"
local jobs = require "engine.jobs"
local log = require "engine.log"
local time = require "engine.time"
local bad_news = require "slack.bad_news"
local blocks = require "slack.blocks"

local M = {}

local LATE_MS = 30 * 1000

-- The engine says it: who called may have left since.
local function write_down(incident_id, words, key)
  local _, err = incidents.update { id = incident_id, message = words, request_key = key }
  if err then log.warn("the timeline does not say it: " .. tostring(err), { incident = incident_id }) end
end

--- After an attempt that failed: says once, when it takes long, that nobody was reached yet. May yield.
---@param ctx Context
---@param args { incident_id: integer, person_id: string, key: string }  of the call
---@param who string  who is called, plain text: "Database team"
---@param err table
function M.tell_late(ctx, args, who, err)
  local is_late = time.now_ms() - ctx.created_at_ms >= LATE_MS
  if not err.retryable or not is_late or ctx.progress.is_late then return end
  ctx:note { is_late = true }
  write_down(args.incident_id, ("%s could not be called yet. It is tried again."):format(who),
    "slack:call-late:" .. args.key)
  bad_news.tell(args.person_id, ("*%s* could not be called yet. It is tried again; if they are needed now, please"
    .. " reach them another way."):format(blocks.escape(who, 200)), err)
end

--- The call that an event job.died tells of; nil when somebody has begun it anew since. May yield.
---@param event { job_id: integer }
---@return table|nil job
---@return table|nil err
function M.find(event)
  local job, err = jobs.show { id = event.job_id }
  if not job or job.state ~= "dead" and job.state ~= "cancelled" then return nil, err end
  return job
end

--- After a call was given up. May yield.
---@param job table  from M.find
---@param who string  plain text
---@param words? { timeline: string, caller: string }  instead of that nobody was reached; caller: mrkdwn
function M.tell(job, who, words)
  local args = job.args
  words = words or {
    timeline = ("%s could not be called."):format(who),
    caller = ("*%s* was not called. Please reach them another way."):format(blocks.escape(who, 200)),
  }
  write_down(args.incident_id, words.timeline, ("slack:call-lost:%s:%d"):format(args.key, job.attempt))
  bad_news.tell(args.person_id, words.caller, job.error_text or "The call was cancelled.")
end

return M
