---@meta engine.kernel
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations for scripts, by name; and the modules that hold those of one subject (incidents.declare is kernel.call("incident.declare")). A call is one transaction; its answer is here after the commit.
---@class engine.kernel
local M = {}

--- Carries out one of the kernel's operations. (waits)
---@param name string "incident.declare"; see the list of operations
---@param args table|nil its arguments; an unknown one is an error
---@param actor Actor|nil who does it; nil: the engine itself, which sees private incidents
---@return any|nil answer
---@return Error|nil err
function M.call(name, args, actor) end

return M
