-- outage: whether Slack could be reached all the time. What happened while it could not, nobody told us: see
-- strategies/integrations/slack/heal.lua.
local time = require "engine.time"

local M = {}

local LONG_MS = 60 * 1000              -- what fails for a shorter time, Slack sends again

local failing_since, has_missed

--- A call found nobody, or nobody who could answer.
function M.failed()
  failing_since = failing_since or time.mono_ms()
end

--- A call was answered.
function M.reached()
  if failing_since and time.mono_ms() - failing_since >= LONG_MS then has_missed = true end
  failing_since = nil
end

--- Slack says itself that it sent us less than there was.
function M.missed()
  has_missed = true
end

--- Whether something may have been missed since this was asked last.
function M.take()
  local was = has_missed
  has_missed = false
  return was == true
end

return M
