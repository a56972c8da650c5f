-- showing: brings a view to whoever asked for it, within the three seconds that a trigger lives. A
-- view that takes longer to make is opened as a skeleton and filled when it is ready.
local log = require "engine.log"
local task = require "engine.task"
local reply = require "slack.reply"
local view = require "slack.view"

local M = {}

local PATIENCE = "700ms"

local NOT_SHOWN = ":warning: Slack did not let us show the form in time. Please try again."

-- What <make> returns, or nil when it is not ready in time, and how to wait for it.
local function make_in_time(make)
  local made
  local id = task.spawn(function() made = make() end)
  task.race {
    function() task.join(id) end,
    function() task.sleep(PATIENCE) end,
  }
  return made, function()
    task.join(id)
    return made
  end
end

local function was_refused(given, what, err)
  -- A repeated delivery, a view that was closed meanwhile: nobody waits for this one.
  local is_late = err.slack == "exchanged_trigger_id" or err.slack == "not_found"
  if is_late then return end
  log.warn(("the view %s was not shown: %s"):format(what, tostring(err)), { user = given.user_id })
  reply.tell(given, { text = NOT_SHOWN })
end

local function failed(title)
  return view.notice(title, ":warning: This cannot be shown now. Please try again in a moment.")
end

local function fill(given, title, shown, wait)
  local made = wait() or failed(title)
  local id = type(shown.view) == "table" and shown.view.id
  if not id then return end
  local _, err = view.update(id, made)
  if err then was_refused(given, made.callback_id, err) end
end

local SHOW = {
  open = function(given, made) return view.open(given.trigger_id, made) end,
  push = function(given, made) return view.push(given.trigger_id, made) end,
}

--- Opens or pushes what <make> returns, or updates the view of the request with it. Runs after the
--- acknowledgement.
---@param given table  from slack.request
---@param how "open"|"push"|"update"
---@param title string  of the skeleton
---@param make fun(): table|nil  the view; may yield
function M.show(given, how, title, make)
  if how == "update" then
    local _, err = view.redraw(given, function() return make() or failed(title) end)
    if err then was_refused(given, title, err) end
    return
  end
  local made, wait = make_in_time(make)
  local first = made or view.notice(title, ":hourglass_flowing_sand: One moment\u{2026}")
  local shown, err = SHOW[how](given, first)
  if not shown then return was_refused(given, first.callback_id, err) end
  if not made then fill(given, title, shown, wait) end
end

return M
