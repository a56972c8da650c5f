---@meta engine.updates
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject update.
---@class engine.updates
local M = {}

--- {id}: one record of a timeline, as incident.detail has it
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.get(args, actor) end

return M
