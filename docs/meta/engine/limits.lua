---@meta engine.limits
-- Made from the sources by `make docs`; do not edit.

--- The vendors' budgets: token buckets by name. A caller waits a short while for its token or is told when to come.
---@class engine.limits
local M = {}

--- Takes one token of a budget, made with these numbers when it is first seen. (waits)
---@param name string "chat.postMessage:C1"
---@param options {per_minute: number, burst: number?, wait: string?} burst: how many at once (1); wait: how long to queue ("10s")
---@return true|nil taken
---@return Error|nil err code "rate_limited", with err.retry_after_ms
function M.take(name, options) end

--- The vendor said "not before": nobody gets a token of this budget for that long. Survives a restart.
---@param name string
---@param duration string|integer "30s", or milliseconds
function M.block(name, duration) end

return M
