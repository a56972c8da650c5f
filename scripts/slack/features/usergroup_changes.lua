-- usergroup_changes: who is in a declared user group changes when its owners change it in Slack, and not only at the
-- next sync: who is on call since a minute is invited.
local jobs = require "engine.jobs"
local log = require "engine.log"
local time = require "engine.time"
local usergroups = require "engine.usergroups"
local foreign = require "slack.foreign"

local TASK = "task:slack.sync_usergroups"
local TOGETHER_MS = 2000                 -- changes within it are read at once

-- What the group is declared by, its id or its handle; nil: it is not.
local function name_of(event)
  local group = foreign.table(event.subteam)
  local id, handle = foreign.text(event.subteam_id) or foreign.text(group.id), foreign.text(group.handle)
  for _, row in ipairs(usergroups.list { platform = "slack" } or {}) do
    if id and row.external_id == id then return id end
    if handle and not row.external_id and row.handle == handle then return handle end
  end
end

local function changed(event)
  local name = name_of(event)
  if not name then return end
  local _, err = jobs.enqueue {
    handler = TASK, lane = TASK, args = { only = { name } }, delay_ms = TOGETHER_MS,
    key = ("slack.usergroup:%s:%d"):format(name, time.now_ms() // TOGETHER_MS),
  }
  if err then log.warn("a user group's event was not taken over: " .. tostring(err)) end
end

return { events = { subteam_created = changed, subteam_updated = changed, subteam_members_changed = changed } }
