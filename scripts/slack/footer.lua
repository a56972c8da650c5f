-- footer: the last line of forms: the app, and where to ask for help with it.
local config = require "engine.config"
local blocks = require "slack.blocks"
local message = require "slack.message"

local M = {}

--- May yield.
---@return table block
function M.block()
  local slack = config.slack
  local words = slack.app_emoji .. " " .. blocks.escape(slack.app_name, 100)
  local channel = message.tagged_conversation "dev_firefighter"
  if channel then words = words .. " \u{00B7} help: <#" .. channel.external_id .. ">" end
  return blocks.context(words)
end

return M
