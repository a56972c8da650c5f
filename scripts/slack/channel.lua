-- channel: what the workspace says about a conversation that we know, and who is in it.
local conversations = require "engine.conversations"
local task = require "engine.task"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

local is_true = foreign.is_true

local function type_of(channel)
  if is_true(channel.is_im) then return "dm" end
  if is_true(channel.is_mpim) then return "group_dm" end
  if is_true(channel.is_private) then return "private" end
  return "public"
end

--- Takes over the name, type and status of a conversation. May yield.
---@param conversation { external_id: string }
---@param options? table  of client.call
---@return table|nil saved  the conversation
---@return table|nil err
function M.save_facts(conversation, options)
  local answer, err = client.call("conversations.info", {
    channel = conversation.external_id,
  }, options)
  if not answer then return nil, err end
  local channel = foreign.table(answer.channel)
  return conversations.save {
    platform = "slack", external_id = conversation.external_id,
    name = foreign.text(channel.name),
    type = type_of(channel), status = is_true(channel.is_archived) and "archived" or "opened",
    is_shared = is_true(channel.is_shared) or is_true(channel.is_ext_shared),
  }
end

--- The Slack ids of all who are in a conversation. May yield.
---@return string[]|nil
---@return table|nil err
function M.member_ids(conversation, options)
  local ids = {}
  local args = { channel = conversation.external_id, limit = 200 }
  for page, err in client.pages("conversations.members", args, options) do
    if not page then return nil, err end
    for _, id in ipairs(foreign.table(page.members)) do
      if type(id) == "string" then ids[#ids + 1] = id end
    end
    task.sleep "0ms"
  end
  return ids
end

return M
