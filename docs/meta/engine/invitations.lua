---@meta engine.invitations
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject invitation.
---@class engine.invitations
local M = {}

--- {incident_id, person_id?}: invitations with all their reasons
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.explain(args, actor) end

--- {person_id, category_id?}: takes an opt-out back (without a category: all of them) -> {is_changed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.opt_in(args, actor) end

--- {person_id, category_id?}: no invitation to incidents of the category (without one: to any) -> {is_changed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.opt_out(args, actor) end

--- {person_id}: what the person does not want to be invited to
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.opt_outs(args, actor) end

--- {category_id}: who does not want to be invited to incidents of the category -> [person id]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.opted_out(args, actor) end

--- {incident_id, results:[{person_id, state, error?, strategy?, reason?}]}: what became of invitations, and why of those that no strategy asked for; the invited become members -> {unknown}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.outcome(args, actor) end

--- {incident_id, platform}: who waits to be invited
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.pending(args, actor) end

--- {incident_id, platform, people:[{person_id, strategy, reason, source_line?}], runs[]?}: the union of what the strategies want -> {pending:[{person_id, external_ids}], known, skipped, unknown}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.request(args, actor) end

return M
