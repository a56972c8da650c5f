---@meta engine.incidents
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject incident.
---@class engine.incidents
local M = {}

--- {id, person_id, reason?}: the person joins; emits members.changed -> {is_changed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.add_member(args, actor) end

--- {id, role, request_key?}: the caller takes the role from whoever holds it; emits roles.assigned -> {update_id, added, removed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.claim_role(args, actor) end

--- {title, description, priority, category, environment or environments[], created_by or created_by_email, impacts{}?, custom_fields{}?, dedup_key?, ignore?, private?, response_type?, draft{scope,key}?, require_enabled?, form?, request_key?, brief?}: declares an incident -> {id, created, incident}; brief: without the incident, which costs a third
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.declare(args, actor) end

--- {id}: the incident with updates, members, invitations, strategy_runs, jobs, messages and metrics
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.detail(args, actor) end

--- {id} or {conversation: {platform, external_id}}: one incident
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.get(args, actor) end

--- {status_below?, status_in?, priority_value_at_most?, created_after_ms?, limit?, order?}: incidents without their impacts; order: "newest" (default) or "status"
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {id}: who is part of it -> [{person, since_ms}]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.members(args, actor) end

--- {id, person_id, reason?}: the person leaves; emits members.changed -> {is_changed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.remove_member(args, actor) end

--- {id, roles:{slug: person id, [ids] or null}, request_key?}: who holds the roles; emits roles.assigned -> {update_id, added, removed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_roles(args, actor) end

--- {id, message?, title?, description?}: a record on the timeline; emits incident.updated -> {update_id, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.update(args, actor) end

return M
