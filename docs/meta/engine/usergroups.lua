---@meta engine.usergroups
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject usergroup.
---@class engine.usergroups
local M = {}

--- {platform, person_id?}: the user groups that are declared (and hold the person), with their categories
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {usergroup_id, people[], name?, handle?, description?, is_external?, external_id?}: what the platform says -> {added, removed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_members(args, actor) end

return M
