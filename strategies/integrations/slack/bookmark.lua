-- bookmark: the incident's page, one click away from its channel.
local config = require "engine.config"
local client = require "slack.client"
local foreign = require "slack.foreign"
local step = require "slack.step"

local TITLE = "Incident page"

local function has_bookmark(channel, link)
  local answer, err = client.call("bookmarks.list", { channel_id = channel })
  if not answer then return nil, err end
  for _, bookmark in ipairs(foreign.table(answer.bookmarks)) do
    if foreign.table(bookmark).link == link then return true end
  end
  return false
end

local function add_bookmark(ctx, incident, conversation)
  local channel = conversation.external_id
  if ctx.unknown then
    local has, err = has_bookmark(channel, incident.url)
    if has or has == nil then return has, err end
  end
  return client.call("bookmarks.add", {
    channel_id = channel, title = TITLE, type = "link", link = incident.url,
    emoji = config.slack.app_emoji,
  })
end

return step.unit {
  about = "Bookmarks the page of an incident",
  event = "conversation.ready", order = 10, run = add_bookmark,
}
