---@meta engine.invites
-- Made from the sources by `make docs`; do not edit.

--- Asks the invite strategies, in the jail.
---@class engine.invites
local M = {}

--- Asks every invite strategy of the current scripts who is needed; for a private incident only those that say `private = true`. A strategy that fails is named in `runs` and does not keep the others' people out. (waits)
---@param incident table as incidents.get gives it
---@return {people: {person_id: string, strategy: string, reason: string, source_line: integer}[], runs: {strategy: string, state: string, error: string?, duration_ms: integer, people: integer}[], notes: {strategy: string, text: string}[]}|nil answer notes: what a strategy named that does not exist
---@return Error|nil err nobody could be asked
function M.collect(incident) end

return M
