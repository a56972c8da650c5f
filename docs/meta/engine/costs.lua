---@meta engine.costs
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject cost.
---@class engine.costs
local M = {}

--- {incident_id, cost_type? (id or name; the default one), amount? ("10.00" or 10.0), details?}: a line of the incident's costs; emits records.changed -> cost
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.add(args, actor) end

--- {incident_id}: -> {total, costs:[cost]}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {id}: takes the line away
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.remove(args, actor) end

--- {id, cost_type?, amount? (null: not known), details? (null: none)} -> cost
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.update(args, actor) end

return M
