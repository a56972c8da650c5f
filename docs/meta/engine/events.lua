---@meta engine.events
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject event.
---@class engine.events
local M = {}

--- {kind, incident_id?, payload?}: tells the handlers subscribed to <kind>
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.emit(args, actor) end

return M
