---@meta engine.reference
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject reference.
---@class engine.reference
local M = {}

--- {from_ms, to_ms?}: the mean time between failures of each category, up to now at most -> [{category_id, group, category, incident_count, mtbf_ms or null}]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.category_mtbf(args, actor) end

--- {kind, all?}: rows of priorities, environments, groups, categories (with their group), roles, milestones, metrics, impacts (with their levels) or cost_types; all: inactive ones too
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {}: what the keys in records are called, also of what is inactive: {milestones: {event_type: name}, roles: {slug: name}}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.names(args, actor) end

--- {priorities, environments, groups, categories, roles, milestones, metrics, impacts, cost_types, conversations, usergroups, oncall, custom_fields, administrators, lifecycle}: what the configuration declares -> {changes}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.reconcile(args, actor) end

return M
