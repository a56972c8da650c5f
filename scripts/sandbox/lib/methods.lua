-- methods: the Web API's methods on the workspace. Each takes checked arguments and returns the reply's
-- members, or throws a refusal
-- made by fail(), which call() turns into the vendor's {"ok": false, "error": ...}.
local blocks = require "sandbox.lib.blocks"
local faults = require "sandbox.lib.faults"
local json = require "engine.json"
local text = require "engine.text"
local workspace = require "sandbox.lib.workspace"

local M = {}
local CALLS = {}

local MAX_TEXT = 40000
local MAX_INVITED = 100
local MAX_TOPIC = 250

local function fail(code, more)
  error({ refusal = code, more = more }, 0)
end

local function state() return workspace.get() end

local function find_channel(id, wanted)
  local channel = state().channels[id]
  if not channel or (channel.is_private
    and not channel.members[workspace.BOT]) then fail("channel_not_found") end
  if wanted and wanted.writable and channel.is_archived then fail("is_archived") end
  if wanted and wanted.member and not channel.members[workspace.BOT] then fail("not_in_channel") end
  return channel
end

local function shown(channel)
  return { id = channel.id, name = channel.name, name_normalized = channel.name, creator = channel.creator,
    created = channel.created,
    is_channel = not channel.is_im, is_group = false, is_im = channel.is_im, is_mpim = false,
      is_private = channel.is_private,
    is_archived = channel.is_archived, is_general = channel.is_general, is_shared = false,
      is_ext_shared = false,
    is_member = channel.members[workspace.BOT] == true, num_members = #channel.member_order,
    topic = { value = channel.topic, creator = channel.creator, last_set = 0 }, purpose = { value = "",
      creator = "", last_set = 0 } }
end

--- One page of <items>; the cursor is the position of the next one.
local function page(items, args, fallback)
  local size = args.limit and args.limit > 0 and args.limit or fallback
  local first = 1
  if args.cursor and args.cursor ~= "" then
    first = math.tointeger(tonumber(args.cursor:match("^next:(%d+)$")))
    if not first or first > #items then fail("invalid_cursor") end
  end
  local last = math.min(first + size - 1, #items)
  local list = table.move(items, first, last, 1, {})
  return json.array(list), { next_cursor = last < #items and "next:" .. last + 1 or "" }
end

CALLS["auth.test"] = function()
  return { url = "https://sandbox.example.test/", team = "Sandbox", team_id = workspace.TEAM,
    user = "halligan",
    user_id = workspace.BOT, bot_id = workspace.BOT_ID, is_enterprise_install = false }
end

-- ---- people
-- ----------------------------------------------------------------------------------------------------------

CALLS["users.list"] = function(args)
  local order = state().people_order
  if not args.limit and #order > 1000 then fail("limit_required") end
  local ids, metadata = page(order, args, 1000)
  local members = {}
  for i, id in ipairs(ids) do members[i] = state().people[id] end
  return { members = json.array(members), cache_ts = 0, response_metadata = metadata }
end

CALLS["users.info"] = function(args)
  return { user = state().people[args.user] or fail("user_not_found") }
end

CALLS["users.lookupByEmail"] = function(args)
  for _, id in ipairs(state().people_order) do
    local person = state().people[id]
    if person.profile.email == args.email:lower() and not person.deleted then return { user = person } end
  end
  fail("users_not_found")
end

CALLS["usergroups.list"] = function(args)
  local groups = {}
  for i, group in ipairs(state().groups) do
    groups[i] = { id = group.id, team_id = group.team_id, is_usergroup = true, handle = group.handle,
      name = group.name,
      description = group.description, is_external = group.is_external, date_delete = 0,
        user_count = #group.users,
      users = args.include_users and json.array(group.users) or nil }
  end
  return { usergroups = json.array(groups) }
end

-- ---- conversations
-- -----------------------------------------------------------------------------------------------------

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
    if types:find(kind, 1, true) and not is_hidden and not (args.exclude_archived
      and channel.is_archived) then
      list[#list + 1] = shown(channel)
    end
  end
  local channels, metadata = page(list, args, 100)
  return { channels = channels, response_metadata = metadata }
end

local function without_metadata(message)
  local copy = {}
  for key, value in pairs(message) do copy[key] = value end
  copy.metadata = nil
  return copy
end

local function is_answer(message)
  return message.thread_ts ~= nil and message.thread_ts ~= message.ts
end

local function answers_to(channel, ts)
  local list = {}
  for _, id in ipairs(channel.message_order) do
    local message = channel.messages[id]
    if is_answer(message) and message.thread_ts == ts then list[#list + 1] = message end
  end
  return list
end

local function count_answers(channel)
  local counts = {}
  for _, message in pairs(channel.messages) do
    if is_answer(message) then counts[message.thread_ts] = (counts[message.thread_ts] or 0) + 1 end
  end
  return counts
end

-- As the vendor shows it: the first message of a thread says how many answers there are.
local function shown_message(message, answers, with_metadata)
  local copy = without_metadata(message)
  if with_metadata then copy.metadata = message.metadata end
  if answers then copy.thread_ts, copy.reply_count = message.ts, answers end
  return copy
end

local function is_between(ts, args)
  local oldest, latest = args.oldest or "0", args.latest
  local after = tonumber(ts) > tonumber(oldest) or (args.inclusive and ts == oldest)
  local before = not latest or tonumber(ts) < tonumber(latest) or (args.inclusive and ts == latest)
  return after and before
end

CALLS["conversations.history"] = function(args)
  local channel, list = find_channel(args.channel, { member = true }), {}
  local counts = count_answers(channel)
  for i = #channel.message_order, 1, -1 do
    local message = channel.messages[channel.message_order[i]]
    if is_between(message.ts, args) and not is_answer(message) then
      list[#list + 1] = shown_message(message, counts[message.ts], args.include_all_metadata)
    end
  end
  local messages, metadata = page(list, args, 100)
  return { messages = messages, has_more = metadata.next_cursor ~= "", response_metadata = metadata }
end

CALLS["conversations.replies"] = function(args)
  local channel = find_channel(args.channel, { member = true })
  local first = channel.messages[args.ts] or fail("thread_not_found")
  local answers = answers_to(channel, args.ts)
  local list = { shown_message(first, #answers > 0 and #answers or nil) }
  for _, answer in ipairs(answers) do list[#list + 1] = without_metadata(answer) end
  local messages, metadata = page(list, args, 100)
  return { messages = messages, has_more = metadata.next_cursor ~= "", response_metadata = metadata }
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

local function direct_channel(person_id)
  for _, channel in pairs(state().channels) do
    if channel.is_im and channel.user == person_id then return channel end
  end
  return workspace.add_channel(workspace.next_id("D"), "directmessage", workspace.BOT, { workspace.BOT,
    person_id },
    { is_im = true, user = person_id })
end

CALLS["conversations.open"] = function(args)
  if not args.users or not state().people[args.users] then fail("user_not_found") end
  return { channel = { id = direct_channel(args.users).id } }
end

-- ---- messages
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
-- ------------------------------------------------------------------------------------------------------------

local function check_message(args)
  if (not args.text or args.text == "") and not args.blocks then fail("no_text") end
  if args.text and #args.text > MAX_TEXT then fail("msg_too_long") end
  local problem = args.blocks and blocks.check_blocks(args.blocks, "message")
  if problem then fail("invalid_blocks", { response_metadata = { messages = json.array { problem } } }) end
  local metadata = args.metadata
  if metadata and (type(metadata.event_type) ~= "string" or type(metadata.event_payload) ~= "table") then
    fail("invalid_metadata_format")
  end
end

local function channel_to_post(id)
  if state().people[id] then return direct_channel(id) end
  return find_channel(id, { writable = true, member = true })
end

CALLS["chat.postMessage"] = function(args)
  check_message(args)
  local channel = channel_to_post(args.channel)
  local message = { type = "message", ts = workspace.next_ts(), user = workspace.BOT,
    bot_id = workspace.BOT_ID, text = args.text or "",
    blocks = args.blocks, metadata = args.metadata, thread_ts = args.thread_ts }
  channel.messages[message.ts] = message
  channel.message_order[#channel.message_order + 1] = message.ts
  return { channel = channel.id, ts = message.ts, message = message }
end

CALLS["chat.postEphemeral"] = function(args)
  check_message(args)
  local channel = channel_to_post(args.channel)
  if not channel.members[args.user] then fail("user_not_in_channel") end
  local list = state().ephemerals
  list[#list + 1] = { channel = channel.id, user = args.user, text = args.text or "", blocks = args.blocks }
  return { message_ts = workspace.next_ts() }
end

CALLS["chat.update"] = function(args)
  check_message(args)
  local message = find_channel(args.channel).messages[args.ts] or fail("message_not_found")
  if args.text and text.length(args.text) > 4000 then fail("msg_too_long") end
  message.text, message.blocks, message.edited = args.text or message.text, args.blocks,
    { user = workspace.BOT, ts = workspace.next_ts() }
  if args.metadata then message.metadata = args.metadata end
  return { channel = args.channel, ts = args.ts, text = message.text, message = message }
end

CALLS["chat.delete"] = function(args)
  local channel = find_channel(args.channel)
  if not channel.messages[args.ts] then fail("message_not_found") end
  channel.messages[args.ts] = nil
  for i, ts in ipairs(channel.message_order) do
    if ts == args.ts then table.remove(channel.message_order, i) break end
  end
  return { channel = args.channel, ts = args.ts }
end

CALLS["pins.add"] = function(args)
  local channel = find_channel(args.channel, { member = true })
  if not channel.messages[args.timestamp] then fail("message_not_found") end
  for _, ts in ipairs(channel.pins) do
    if ts == args.timestamp then fail("already_pinned") end
  end
  channel.pins[#channel.pins + 1] = args.timestamp
  return {}
end

CALLS["pins.remove"] = function(args)
  local channel = find_channel(args.channel, { member = true })
  for i, ts in ipairs(channel.pins) do
    if ts == args.timestamp then table.remove(channel.pins, i) return {} end
  end
  fail("no_pin")
end

CALLS["pins.list"] = function(args)
  local channel, items = find_channel(args.channel, { member = true }), {}
  for i, ts in ipairs(channel.pins) do
    items[i] = { type = "message", channel = channel.id, created = channel.created,
      message = channel.messages[ts] }
  end
  return { items = json.array(items) }
end

CALLS["bookmarks.add"] = function(args)
  local channel = find_channel(args.channel_id, { member = true })
  if args.type ~= "link" then fail("invalid_bookmark_type") end
  if not (args.link or ""):find("^https?://") then fail("invalid_link") end
  local bookmark = { id = workspace.next_id("Bk"), channel_id = channel.id, title = args.title,
    link = args.link, emoji = args.emoji,
    type = "link" }
  channel.bookmarks[#channel.bookmarks + 1] = bookmark
  return { bookmark = bookmark }
end

CALLS["bookmarks.list"] = function(args)
  return { bookmarks = json.array(find_channel(args.channel_id, { member = true }).bookmarks) }
end

-- ---- views
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
--
-- ---------------------------------------------------------------------------------------------------------------

local MAX_VIEW_BYTES = 250 * 1000
local MAX_STACK = 3

local function check_view(view)
  if #json.encode(view) > MAX_VIEW_BYTES then fail("view_too_large") end
  local problem = blocks.check_view(view)
  if problem then fail("invalid_arguments", { response_metadata = { messages = json.array { problem } } }) end
end

local function with_block_ids(list)
  for _, block in ipairs(list) do block.block_id = block.block_id or workspace.next_id("b") end
  return list
end

local function store_view(view, person_id, root, previous)
  local id = previous and previous.replaces or workspace.next_id("V")
  local stored = {}
  for key, value in pairs(view) do stored[key] = value end
  stored.id, stored.team_id, stored.app_id, stored.bot_id = id, workspace.TEAM, workspace.APP,
    workspace.BOT_ID
  stored.blocks = with_block_ids(view.blocks)
  stored.private_metadata, stored.callback_id = view.private_metadata or "", view.callback_id or ""
  stored.hash = workspace.next_id("H")
  stored.root_view_id = root or id
  stored.previous_view_id = previous and previous.id or json.null
  stored.state = { values = {} }
  if not state().views[id] then state().view_order[#state().view_order + 1] = id end
  state().views[id] = { id = id, user = person_id, callback_id = stored.callback_id,
    root_view_id = stored.root_view_id,
    hash = stored.hash, view = stored, depth = previous and previous.depth or 1 }
  return { view = stored }
end

CALLS["views.open"] = function(args)
  check_view(args.view)
  local refused, person_id = workspace.use_trigger(args.trigger_id)
  if refused then fail(refused) end
  return store_view(args.view, person_id)
end

local function newest_view_of(person_id)
  for i = #state().view_order, 1, -1 do
    local entry = state().views[state().view_order[i]]
    if entry.user == person_id and entry.view.type == "modal" then return entry end
  end
end

CALLS["views.push"] = function(args)
  check_view(args.view)
  local refused, person_id = workspace.use_trigger(args.trigger_id)
  if refused then fail(refused) end
  local top = newest_view_of(person_id)
  if not top then fail("not_found") end
  local root = state().views[top.root_view_id] or top
  return store_view(args.view, person_id, root.id, { id = root.id, depth = math.min(root.depth + 1,
    MAX_STACK) })
end

CALLS["views.update"] = function(args)
  check_view(args.view)
  local entry = args.view_id and state().views[args.view_id]
  for _, id in ipairs(args.external_id and state().view_order or {}) do
    if state().views[id].view.external_id == args.external_id then entry = state().views[id] end
  end
  if not entry then fail("not_found") end
  if args.hash and args.hash ~= entry.hash then fail("hash_conflict") end
  return store_view(args.view, entry.user, entry.root_view_id, { replaces = entry.id, depth = entry.depth })
end

CALLS["views.publish"] = function(args)
  check_view(args.view)
  if not state().people[args.user_id] then fail("user_not_found") end
  return store_view(args.view, args.user_id)
end

--- Carries out a call. Returns the reply's table, always with `ok`.
function M.call(method, args)
  local is_fine, result = pcall(CALLS[method], args)
  if is_fine then
    result.ok = true
    return result
  end
  if type(result) ~= "table" or not result.refusal then error(result, 0) end
  local reply = { ok = false, error = result.refusal }
  for key, value in pairs(result.more or {}) do reply[key] = value end
  return reply
end

function M.is_known(method) return CALLS[method] ~= nil end

return M
