-- sync_usergroups: names and members of the user groups that config.lua declares. A group that is
-- declared by its handle only gets its id here. One unknown member never keeps the others out.
local usergroups = require "engine.usergroups"
local client = require "slack.client"
local foreign = require "slack.foreign"
local members = require "slack.members"
local walk = require "slack.walk"

local PATIENT = { timeout = "30s", wait = "20s" }

local function index(groups)
  local by_id, by_handle = {}, {}
  for _, group in ipairs(foreign.table(groups)) do
    if type(group) == "table" and type(group.id) == "string" then
      by_id[group.id] = group
      if type(group.handle) == "string" then by_handle[group.handle] = group end
    end
  end
  return by_id, by_handle
end

local function save(ours, theirs)
  local people, err = members.person_ids(foreign.table(theirs.users))
  if not people then return nil, err end
  return usergroups.set_members {
    usergroup_id = ours.id, people = people, external_id = theirs.id,
    name = foreign.text(theirs.name), handle = foreign.text(theirs.handle),
    description = foreign.text(theirs.description), is_external = theirs.is_external == true,
  }
end

-- <only>: ids or handles; nil: all that are declared.
local function declared(only)
  local rows, err = usergroups.list { platform = "slack" }
  if not rows then return nil, err end
  local wanted, items = {}, {}
  for _, name in ipairs(only or {}) do wanted[name] = true end
  for _, row in ipairs(rows) do
    if not only or wanted[row.external_id] or wanted[row.handle] then
      items[#items + 1] = { key = row.id, group = row }
    end
  end
  return items
end

local function sync_usergroups(ctx, args)
  local items, err = declared(args.only)
  if not items then return nil, err end
  if #items == 0 then return end
  local answer, refusal = client.call("usergroups.list", { include_users = true }, PATIENT)
  if not answer then return refusal.code == "rate_limited" and "wait" or nil, refusal end
  local by_id, by_handle = index(answer.usergroups)
  return walk.each(ctx, "user group", items, function(item)
    local ours = item.group
    local theirs = by_id[ours.external_id or ""] or by_handle[ours.handle or ""]
    if theirs then return save(ours, theirs) end
    return nil, client.error {
      code = "not_found",
      message = ("the workspace has no user group %s"):format(ours.external_id or ours.handle),
    }
  end)
end

return {
  about = "Keeps the members of user groups",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.sync_usergroups"] = {
      about = "Reads the declared user groups and their members ({only = {id or handle, ...}})",
      run = sync_usergroups,
    },
  },
}
