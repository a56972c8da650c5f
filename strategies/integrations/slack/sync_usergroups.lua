-- sync_usergroups: names and members of the user groups that config.lua declares. A group that is
-- declared by its handle only gets its id here. One unknown member never keeps the others out.
local log = require "engine.log"
local task = require "engine.task"
local usergroups = require "engine.usergroups"
local client = require "slack.client"
local foreign = require "slack.foreign"
local members = require "slack.members"

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
  return usergroups.set_members {
    usergroup_id = ours.id, people = members.person_ids(foreign.table(theirs.users)),
    external_id = theirs.id,
    name = foreign.text(theirs.name),
    handle = foreign.text(theirs.handle), description = foreign.text(theirs.description),
    is_external = theirs.is_external == true,
  }
end

local function sync_usergroups()
  local declared, err = usergroups.list { platform = "slack" }
  if not declared then return nil, err end
  if #declared == 0 then return end
  local answer, refusal = client.call("usergroups.list", { include_users = true }, {
    timeout = "30s", wait = "20s",
  })
  if not answer then return nil, refusal end
  local by_id, by_handle = index(answer.usergroups)
  for _, ours in ipairs(declared) do
    local theirs = by_id[ours.external_id or ""] or by_handle[ours.handle or ""]
    local saved, problem
    if theirs then saved, problem = save(ours, theirs) end
    if not saved then
      log.warn("a user group was not synced: "
        .. tostring(problem or "the workspace has none of this id or handle"),
        { usergroup = ours.external_id or ours.handle })
    end
    task.sleep "0ms"
  end
end

return {
  about = "Keeps the members of user groups",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.sync_usergroups"] = {
      about = "Reads the declared user groups and their members", run = sync_usergroups,
    },
  },
}
