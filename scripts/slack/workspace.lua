-- workspace: who we are in the workspace, as `auth.test` says. Asked once; kept in the store for
-- the time when Slack is down.
local store = require "engine.store"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

local known

local function ask()
  local answer, err = client.call("auth.test", {})
  if not answer then return nil, err end
  return {
    url = foreign.text(answer.url) or "", team = foreign.text(answer.team) or "",
    team_id = foreign.text(answer.team_id) or "", user_id = foreign.text(answer.user_id) or "",
  }
end

--- Asks Slack again and keeps the answer. May yield.
---@return table|nil identity  url, team, team_id, user_id
---@return table|nil err
function M.refresh()
  local identity, err = ask()
  if not identity then return nil, err end
  known = identity
  store.put("slack", "identity", identity)
  return identity
end

--- The identity: from memory, from Slack, or the one that was true last time. May yield.
function M.identity()
  if known then return known end
  local identity, err = M.refresh()
  if identity then return identity end
  known = store.get("slack", "identity")
  if known then return known end
  return nil, err
end

--- A web address that opens the channel.
function M.channel_url(channel_id)
  local identity = M.identity()
  if not identity or identity.url == "" then return nil end
  return identity.url .. "archives/" .. channel_id
end

return M
