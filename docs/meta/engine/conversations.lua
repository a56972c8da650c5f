---@meta engine.conversations
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject conversation.
---@class engine.conversations
local M = {}

--- {conversation_id, person_id}: adds one member
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.add_member(args, actor) end

--- {id} or {tag} or {platform, external_id} or {incident_id}: one conversation
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.get(args, actor) end

--- {platform, incident_channels?, opened?, tag_prefix?}: conversations; incident_channels true: only those of incidents (opened true: and not archived), false: none of them
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {conversation_id}: the people in it -> [person id]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.members(args, actor) end

--- {incident_id, platform, external_id, name, type?, url?}: the incident's channel exists; emits conversation.created
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.opened(args, actor) end

--- {incident_id}: the channel is set up; emits conversation.ready once
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.ready(args, actor) end

--- {conversation_id, person_id}: removes one member
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.remove_member(args, actor) end

--- {platform, external_id, name?, type?, status?, is_shared?, new_external_id?}: updates a known conversation
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.save(args, actor) end

--- {conversation_id, people[]}: replaces the members -> {added, removed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_members(args, actor) end

return M
