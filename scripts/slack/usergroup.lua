-- usergroup: a declared user group, as the config names it.
local usergroups = require "engine.usergroups"

local M = {}

--- A mention that notifies its members; nil when no such group is declared, or its id is not known yet. May yield.
---@param name string  Slack's id, or the handle with or without @
---@return string|nil mrkdwn
function M.mention(name)
  local id = name:match "^S%w+$"
  for _, group in ipairs(not id and usergroups.list { platform = "slack" } or {}) do
    if group.handle == name:gsub("^@", "") then id = group.external_id end
  end
  return id and ("<!subteam^%s>"):format(id) or nil
end

return M
