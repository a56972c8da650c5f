-- office_hours: when people are at work, as slack.office_hours of the config says.
local config = require "engine.config"
local time = require "engine.time"

local M = {}

local SUNDAY = 7

---@param now_ms integer
---@return boolean
function M.is_open(now_ms)
  local hours, now = config.slack.office_hours, time.to_local(now_ms, config.time_zone)
  local weekday = now.weekday == 0 and SUNDAY or now.weekday
  if now.hour < hours.from or now.hour > hours.to then return false end
  for _, day in ipairs(hours.days) do
    if day == weekday then return true end
  end
  return false
end

return M
