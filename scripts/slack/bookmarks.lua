-- bookmarks: links above an incident's channel, each there once.
local config = require "engine.config"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

-- The bookmarks of a channel.
local function list(channel)
  local answer, err = client.call("bookmarks.list", { channel_id = channel })
  if not answer then return nil, err end
  local found = {}
  for i, bookmark in ipairs(foreign.table(answer.bookmarks)) do found[i] = foreign.table(bookmark) end
  return found
end

-- <method> is tried without the emoji where the workspace has none of that name.
local function call(method, wanted)
  wanted.emoji = config.slack.app_emoji
  local answer, err = client.call(method, wanted)
  if answer or err.slack ~= "invalid_emoji" then return answer, err end
  wanted.emoji = nil
  return client.call(method, wanted)
end

local function add(channel, title, link)
  return call("bookmarks.add", { channel_id = channel, title = title, type = "link", link = link })
end

--- Adds one; after an unknown outcome only when it is not there. May yield.
---@param ctx table  the job's
---@param channel string  Slack's id
---@param title string
---@param link string
---@return any
---@return table|nil err
function M.add(ctx, channel, title, link)
  local found, err = {}, nil
  if ctx.unknown then found, err = list(channel) end
  if not found then return nil, err end
  for _, bookmark in ipairs(found) do
    if bookmark.link == link then return true end
  end
  return add(channel, title, link)
end

--- Lets the bookmark with this title lead to <link>; adds it where there is none. May yield.
---@param channel string  Slack's id
---@param title string
---@param link string
---@return any
---@return table|nil err
function M.set(channel, title, link)
  local found, err = list(channel)
  if not found then return nil, err end
  for _, bookmark in ipairs(found) do
    if bookmark.title == title and bookmark.link == link then return true end
    if bookmark.title == title then
      return call("bookmarks.edit", { channel_id = channel, bookmark_id = bookmark.id, title = title, link = link })
    end
  end
  return add(channel, title, link)
end

return M
