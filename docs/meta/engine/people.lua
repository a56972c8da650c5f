---@meta engine.people
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject person.
---@class engine.people
local M = {}

--- {platform, after?, seen_before_ms?, limit?}: accounts in the order of their external ids, those behind <after> -> [{external_id, person_id, is_active, seen_at_ms}]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.accounts(args, actor) end

--- {platform, seen_since_ms}: deactivates the accounts that a complete sync did not meet -> {count}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.deactivate_missing(args, actor) end

--- {email, name?}: the person with this address, made when unknown -> person
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.ensure_email(args, actor) end

--- {id} or {email} or {username} or {platform, external_id}: one person
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.get(args, actor) end

--- {platform, people[]}: the same for up to 200 people -> {created, updated, unchanged, failed[]}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.sync(args, actor) end

--- {platform, external_id, handle?, email?, name?, first_name?, last_name?, image?, is_active?, is_bot?}: makes or updates the person of an account -> person
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.upsert(args, actor) end

return M
