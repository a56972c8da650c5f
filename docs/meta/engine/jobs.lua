---@meta engine.jobs
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject job.
---@class engine.jobs
local M = {}

--- {id}: a waiting or dead job is never run
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.cancel(args, actor) end

--- {handler, args?, lane?, incident_id?, delay_ms?, max_attempts?, key?}: a new job
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.enqueue(args, actor) end

--- {state?, incident_id?, handler?, limit?}: jobs, newest first
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {id}, {incident_id} or {all: true}: dead jobs start anew, waiting ones are due at once
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.retry(args, actor) end

--- {id}: one job with its arguments and what its handler noted
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.show(args, actor) end

return M
