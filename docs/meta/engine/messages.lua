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

--- {conversation_id and/or incident_id, kind, update_id?}: the newest of this kind, or null
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.find(args, actor) end

--- {conversation_id and/or incident_id, kind?, update_id?, limit?}: messages, newest first
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {conversation_id, external_id, kind, incident_id?, update_id?, text?, is_pinned?}: remembers a message we sent -> {id}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.save(args, actor) end

return M
