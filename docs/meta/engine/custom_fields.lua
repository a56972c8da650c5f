---@meta engine.custom_fields
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject custom_field.
---@class engine.custom_fields
local M = {}

--- {category_id?}: the custom fields that are declared, or those of a category -> [{key, name, type, help?, categories?, min?, max?, choices?}]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

return M
