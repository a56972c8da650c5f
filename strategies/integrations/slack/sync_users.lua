-- sync_users: the workspace's people. Page by page, so that a hundred thousand of them never block
-- anything; interrupted, it goes on where it was; pages that say what they said last time are not
-- read. Who left the workspace is still listed, as deleted, and becomes inactive.
local config = require "engine.config"
local log = require "engine.log"
local people = require "engine.people"
local task = require "engine.task"
local client = require "slack.client"
local foreign = require "slack.foreign"
local page_memory = require "slack.page_memory"
local slack_people = require "slack.people"
local workspace = require "slack.workspace"

local BATCH = 200
local RULES = "1"                        -- another number: read every page again
local is_true = foreign.is_true

-- Members of this workspace: no guests, no bots but ourselves.
local function is_wanted(user, identity)
  local team = foreign.text(user.team_id)
  if identity.team_id ~= "" and team and team ~= identity.team_id then return false end
  if is_true(user.is_bot) or user.id == "USLACKBOT" then return user.id == identity.user_id end
  local is_guest = is_true(user.is_restricted) or is_true(user.is_ultra_restricted)
    or is_true(user.is_stranger)
  return is_true(user.deleted) or not is_guest
end

local function rows_of(members, identity)
  local rows = {}
  for _, user in ipairs(foreign.table(members)) do
    if type(user) == "table" and is_wanted(user, identity) then
      rows[#rows + 1] = slack_people.from_user(user)
    end
  end
  return rows
end

local function count(progress, result)
  for _, name in ipairs { "created", "updated", "unchanged" } do
    progress[name] = (progress[name] or 0) + (result[name] or 0)
  end
  for _, failure in ipairs(result.failed or {}) do
    progress.failed = (progress.failed or 0) + 1
    log.warn("a user was not taken over: " .. tostring(failure.error), {
      user = failure.external_id,
    })
  end
end

local function save_rows(rows, progress)
  for first = 1, #rows, BATCH do
    local part = table.move(rows, first, math.min(first + BATCH - 1, #rows), 1, {})
    local result, err = people.sync { platform = "slack", people = part }
    if not result then return nil, err end
    count(progress, result)
    task.sleep "0ms"                    -- acknowledgements come first
  end
  return true
end

local function take_page(ctx, page, identity, progress, memory)
  if page.recalled then
    progress.unchanged = (progress.unchanged or 0) + page.recalled
    memory:turn()
  else
    local rows = rows_of(page.members, identity)
    local failed = progress.failed
    local saved, err = save_rows(rows, progress)
    if not saved then return nil, err end
    memory:turn(progress.failed == failed and #rows or nil, page.next_cursor)
  end
  progress.cursor, progress.page = page.next_cursor, memory.page
  ctx:note { sync = progress }
  return true
end

-- Remembers the page to go on with. A rate limit is no failure: it waits.
local function pause(ctx, progress, err)
  if err.slack == "invalid_cursor" then
    progress.cursor, progress.page = nil, nil        -- too old: from the beginning
    err.retryable = true
  end
  ctx:note { sync = progress }
  if err.code == "rate_limited" then return "wait", err end
  return nil, err
end

local function sync_users(ctx)
  local identity, unknown = workspace.identity()
  if not identity then return nil, unknown end
  local progress = ctx.progress.sync or {}
  local memory = page_memory.new("users.list", RULES .. identity.team_id, progress.page)
  local args = { limit = config.slack.page_size, cursor = progress.cursor }
  local options = {
    timeout = "30s", wait = "20s", recall = function(body) return memory:recall(body) end,
  }
  for page, err in client.pages("users.list", args, options) do
    if not page then return pause(ctx, progress, err) end
    local done, problem = take_page(ctx, page, identity, progress, memory)
    if not done then return pause(ctx, progress, problem) end
  end
  log.info(("users synced: %d new, %d changed, %d as before, %d failed"):format(progress.created
    or 0,
    progress.updated or 0, progress.unchanged or 0, progress.failed or 0))
end

return {
  about = "Keeps our people like the workspace's",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.sync_users"] = { about = "Reads all users of the workspace", run = sync_users },
  },
}
