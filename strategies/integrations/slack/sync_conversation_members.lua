-- sync_conversation_members: names, states and members of the conversations that config.lua
-- declares (their members are invited to incidents of their categories). Incident channels are not
-- looked at. One that fails does not stop the others.
local conversations = require "engine.conversations"
local task = require "engine.task"
local client = require "slack.client"
local foreign = require "slack.foreign"
local members = require "slack.members"
local walk = require "slack.walk"

local is_true = foreign.is_true
local PATIENT = { timeout = "30s", wait = "20s" }

local function type_of(channel)
  if is_true(channel.is_im) then return "dm" end
  if is_true(channel.is_mpim) then return "group_dm" end
  if is_true(channel.is_private) then return "private" end
  return "public"
end

local function save_facts(conversation)
  local answer, err = client.call("conversations.info", {
    channel = conversation.external_id,
  }, PATIENT)
  if not answer then return nil, err end
  local channel = foreign.table(answer.channel)
  return conversations.save {
    platform = "slack", external_id = conversation.external_id,
    name = foreign.text(channel.name),
    type = type_of(channel), status = is_true(channel.is_archived) and "archived" or "opened",
    is_shared = is_true(channel.is_shared) or is_true(channel.is_ext_shared),
  }
end

local function all_members(conversation)
  local ids = {}
  local args = { channel = conversation.external_id, limit = 200 }
  for page, err in client.pages("conversations.members", args, PATIENT) do
    if not page then return nil, err end
    for _, id in ipairs(foreign.table(page.members)) do
      if type(id) == "string" then ids[#ids + 1] = id end
    end
    task.sleep "0ms"
  end
  return ids
end

local function sync_one(conversation)
  local saved, err = save_facts(conversation)
  if not saved then return nil, err end
  local ids, problem = all_members(conversation)
  if not ids then return nil, problem end
  local people, limited = members.person_ids(ids)
  if not people then return nil, limited end
  return conversations.set_members { conversation_id = conversation.id, people = people }
end

-- <only>: Slack's ids; nil: all that are declared.
local function declared(only)
  local rows, err = conversations.list { platform = "slack", incident_channels = false }
  if not rows then return nil, err end
  local wanted, items = {}, {}
  for _, id in ipairs(only or {}) do wanted[id] = true end
  for _, row in ipairs(rows) do
    if not only or wanted[row.external_id] then
      items[#items + 1] = { key = row.external_id, conversation = row }
    end
  end
  return items
end

local function sync_conversation_members(ctx, args)
  local items, err = declared(args.only)
  if not items then return nil, err end
  return walk.each(ctx, "conversation", items, function(item)
    return sync_one(item.conversation)
  end)
end

return {
  about = "Keeps the members of declared conversations",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.sync_conversation_members"] = {
      about = "Reads the declared conversations and their members ({only = {id, ...}})",
      run = sync_conversation_members,
    },
  },
}
