-- bookmarks: links above an incident's channel, each there once.
local config = require "engine.config"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

local TITLE_MAX = 100

local function has(channel, link)
  local answer, err = client.call("bookmarks.list", { channel_id = channel })
  if not answer then return nil, err end
  for _, bookmark in ipairs(foreign.table(answer.bookmarks)) do
    if foreign.table(bookmark).link == link then return true end
  end
  return false
end

--- Adds one; after an unknown outcome only when it is not there. May yield.
---@param ctx table  the job's
---@param channel string  Slack's id
---@param title string
---@param link string
---@return any
---@return table|nil err
function M.add(ctx, channel, title, link)
  if ctx.unknown then
    local is_there, err = has(channel, link)
    if is_there or is_there == nil then return is_there, err end
  end
  local wanted = {
    channel_id = channel, title = title:sub(1, TITLE_MAX), type = "link", link = link, emoji = config.slack.app_emoji,
  }
  local answer, err = client.call("bookmarks.add", wanted)
  if answer or err.slack ~= "invalid_emoji" then return answer, err end
  wanted.emoji = nil                     -- the workspace has no such emoji
  return client.call("bookmarks.add", wanted)
end

return M
