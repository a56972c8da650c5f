---@meta engine.task
-- Made from the sources by `make docs`; do not edit.

--- Work side by side.
---@class engine.task
local M = {}

--- Waits. For seconds, not for minutes: what must survive a restart is a job with a delay. (waits)
---@param duration string|integer "100ms", "2s", or milliseconds
function M.sleep(duration) end

--- Runs a function in a task of its own, beside the caller. Its errors are logged.
---@param fn function what to run
---@param ... any its arguments
---@return integer id of the task, for task.join
function M.spawn(fn, ...) end

--- Waits until a task has ended. (waits)
---@param id integer from task.spawn
---@return true|nil done also for a task that ended long ago
---@return Error|nil err why the task failed
function M.join(id) end

--- Runs functions side by side and waits for all of them. (waits)
---@param functions function[] at most 1000
---@return any[]|nil results the first result of each
---@return Error|nil err of the one that threw (the others are ended), or that answered nil and an error
function M.all(functions) end

--- Runs functions side by side; the first to end wins, the others are ended. (waits)
---@param functions function[] at most 1000
---@return any first what the winner returns
---@return any second
function M.race(functions) end

return M
