---@meta engine.updates
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject update.
---@class engine.updates
local M = {}

--- {id}: takes away a record that was made from a message; emits update.deleted -> {incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.delete(args, actor) end

--- {id, message?, is_source_deleted?}: a record follows the message that it was made from; emits update.edited -> {is_changed, update}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.edit(args, actor) end

--- {id}: one record of a timeline, as incident.detail has it
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.get(args, actor) end

--- {source{conversation_id, external_id}}: the record that was made from a message, or null
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.of_message(args, actor) end

return M
