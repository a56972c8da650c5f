-- sync_conversation_members: names, states and members of the conversations that config.lua
-- declares (their members are invited to incidents of their categories). Incident channels are not
-- looked at. One that fails does not stop the others.
local conversations = require "engine.conversations"
local channel = require "slack.channel"
local members = require "slack.members"
local walk = require "slack.walk"

local PATIENT = { timeout = "30s", wait = "20s" }

local function sync_one(conversation)
  local saved, err = channel.save_facts(conversation, PATIENT)
  if not saved then return nil, err end
  local ids, problem = channel.member_ids(conversation, PATIENT)
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
