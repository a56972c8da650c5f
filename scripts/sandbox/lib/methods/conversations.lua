-- conversations: channels and who is in them.
local call = require "sandbox.lib.call"
local faults = require "sandbox.lib.faults"
local json = require "engine.json"
local text = require "engine.text"
local workspace = require "sandbox.lib.workspace"

local fail, find_channel, page = call.fail, call.find_channel, call.page
local CALLS = {}

local function state() return workspace.get() end

local MAX_INVITED = 100
local MAX_TOPIC = 250

local function shown(channel)
  return {
    id = channel.id, name = channel.name, name_normalized = channel.name, creator = channel.creator,
    created = channel.created, is_channel = not channel.is_im, is_group = false, is_im = channel.is_im,
    is_mpim = false, is_private = channel.is_private, is_archived = channel.is_archived,
    is_general = channel.is_general, is_shared = false, is_ext_shared = false,
    is_member = channel.members[workspace.BOT] == true, num_members = #channel.member_order,
    topic = { value = channel.topic, creator = channel.creator, last_set = 0 },
    purpose = { value = "", creator = "", last_set = 0 },
  }
end

local function check_name(name, except)
  if name == "" then fail("invalid_name_required") end
  if text.length(name) > 80 then fail("invalid_name_maxlength") end
  if not name:find("^[a-z0-9_%-\128-\255]+$") then fail("invalid_name_specials") end
  if not name:find("[a-z0-9\128-\255]") then fail("invalid_name_punctuation") end
  for _, channel in pairs(state().channels) do
    if channel.name == name and channel ~= except then fail("name_taken") end
  end
end

CALLS["conversations.create"] = function(args)
  check_name(args.name)
  local channel = workspace.add_channel(nil, args.name, workspace.BOT, { workspace.BOT },
    { is_private = args.is_private == true })
  return { channel = shown(channel) }
end

CALLS["conversations.join"] = function(args)
  local channel = find_channel(args.channel, { writable = true })
  if channel.is_private then fail("method_not_supported_for_channel_type") end
  workspace.join(channel, workspace.BOT)
  return { channel = shown(channel) }
end

CALLS["conversations.setTopic"] = function(args)
  local channel = find_channel(args.channel, { writable = true, member = true })
  if text.length(args.topic) > MAX_TOPIC then fail("too_long") end
  channel.topic = args.topic
  return { channel = shown(channel) }
end

local function invite_problem(channel, id)
  local person = state().people[id]
  if not person or person.deleted then return "user_not_found" end
  if id == workspace.BOT then return "cant_invite_self" end
  if channel.members[id] then return "already_in_channel" end
  if person.is_restricted then return "user_is_restricted" end
end

CALLS["conversations.invite"] = function(args)
  local channel = find_channel(args.channel, { writable = true, member = true })
  local ids, errors, good = {}, {}, {}
  for id in args.users:gmatch("[^,%s]+") do ids[#ids + 1] = id end
  if #ids == 0 then fail("no_user") end
  if #ids > MAX_INVITED then fail("too_many_users") end
  local fault = faults.hit("conversations.invite", "user_error")
  for _, id in ipairs(ids) do
    local problem = fault and fault.user == id and (fault.error or "user_not_found")
      or invite_problem(channel, id)
    if problem then
      errors[#errors + 1] = { user = id, ok = false, error = problem }
    else
      good[#good + 1] = id
    end
  end
  if #errors > 0 and not args.force then fail(errors[1].error, { errors = json.array(errors) }) end
  for _, id in ipairs(good) do workspace.join(channel, id) end
  return { channel = shown(channel), errors = #errors > 0 and json.array(errors) or nil }
end

CALLS["conversations.members"] = function(args)
  local members, metadata = page(find_channel(args.channel).member_order, args, 100)
  return { members = members, response_metadata = metadata }
end

CALLS["conversations.info"] = function(args)
  return { channel = shown(find_channel(args.channel)) }
end

CALLS["conversations.list"] = function(args)
  local types, list = args.types or "public_channel", {}
  for _, id in ipairs(state().channel_order) do
    local channel = state().channels[id]
    local kind = channel.is_im and "im" or channel.is_private and "private_channel" or "public_channel"
    local is_hidden = channel.is_private and not channel.members[workspace.BOT]
    local is_left_out = args.exclude_archived and channel.is_archived
    if types:find(kind, 1, true) and not is_hidden and not is_left_out then list[#list + 1] = shown(channel) end
  end
  local channels, metadata = page(list, args, 100)
  return { channels = channels, response_metadata = metadata }
end

CALLS["conversations.archive"] = function(args)
  local channel = find_channel(args.channel)
  if channel.is_archived then fail("already_archived") end
  if channel.is_general then fail("cant_archive_general") end
  channel.is_archived = true
  return {}
end

CALLS["conversations.unarchive"] = function(args)
  local channel = find_channel(args.channel)
  if not channel.is_archived then fail("not_archived") end
  channel.is_archived = false
  return {}
end

CALLS["conversations.rename"] = function(args)
  local channel = find_channel(args.channel, { writable = true, member = true })
  check_name(args.name, channel)
  channel.name = args.name
  return { channel = shown(channel) }
end

CALLS["conversations.open"] = function(args)
  if not args.users or not state().people[args.users] then fail("user_not_found") end
  return { channel = { id = call.direct_channel(args.users).id } }
end

return CALLS
