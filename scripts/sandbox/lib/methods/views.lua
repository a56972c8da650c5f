-- views: modals and home tabs.
local blocks = require "sandbox.lib.blocks"
local call = require "sandbox.lib.call"
local json = require "engine.json"
local workspace = require "sandbox.lib.workspace"

local fail = call.fail
local CALLS = {}

local function state() return workspace.get() end

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
  stored.id, stored.team_id = id, workspace.TEAM
  stored.app_id, stored.bot_id = workspace.APP, workspace.BOT_ID
  stored.blocks = with_block_ids(view.blocks)
  stored.private_metadata, stored.callback_id = view.private_metadata or "", view.callback_id or ""
  stored.hash = workspace.next_id("H")
  stored.root_view_id = root or id
  stored.previous_view_id = previous and previous.id or json.null
  stored.state = { values = {} }
  if not state().views[id] then state().view_order[#state().view_order + 1] = id end
  state().views[id] = {
    id = id, user = person_id, callback_id = stored.callback_id, root_view_id = stored.root_view_id,
    hash = stored.hash, view = stored, depth = previous and previous.depth or 1,
  }
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
  return store_view(args.view, person_id, root.id,
    { id = root.id, depth = math.min(root.depth + 1, MAX_STACK) })
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

return CALLS
