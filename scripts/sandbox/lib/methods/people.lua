-- people: who is there, alone and in groups.
local call = require "sandbox.lib.call"
local json = require "engine.json"
local workspace = require "sandbox.lib.workspace"

local fail, page = call.fail, call.page
local CALLS = {}

local function state() return workspace.get() end

CALLS["auth.test"] = function()
  return {
    url = "https://sandbox.example.test/", team = "Sandbox", team_id = workspace.TEAM, user = "halligan",
    user_id = workspace.BOT, bot_id = workspace.BOT_ID, is_enterprise_install = false,
  }
end

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
    groups[i] = {
      id = group.id, team_id = group.team_id, is_usergroup = true, handle = group.handle, name = group.name,
      description = group.description, is_external = group.is_external, date_delete = 0,
      user_count = #group.users, users = args.include_users and json.array(group.users) or nil,
    }
  end
  return { usergroups = json.array(groups) }
end

return CALLS
