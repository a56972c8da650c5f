---@meta engine.messages
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject message.
---@class engine.messages
local M = {}

--- {id}: forgets a message
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.delete(args, actor) end

--- {conversation_id or incident_id, kind}: the newest of this kind, or null
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.find(args, actor) end

--- {conversation_id, external_id, kind, incident_id?, update_id?, text?, is_pinned?}: remembers a message we sent -> {id}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.save(args, actor) end

return M
