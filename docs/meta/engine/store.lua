---@meta engine.store
-- Made from the sources by `make docs`; do not edit.

--- Values that scripts keep, by scope and key: any JSON, for a while or for good. Each call is one transaction.
---@class engine.store
local M = {}

--- Reads a value. (waits)
---@param scope string whose values they are, such as "draft"
---@param key string
---@return any|nil value nil when there is none, or its time is over
---@return Error|nil err
function M.get(scope, key) end

--- Keeps a value; an older one is replaced. (waits)
---@param scope string
---@param key string
---@param value any what JSON can say
---@param options {ttl: string?}|nil ttl: how long it is kept, "30m"; for good when absent
---@return true|nil done once it is on disk
---@return Error|nil err
function M.put(scope, key, value, options) end

--- Keeps a value only where there is none: the first caller wins. (waits)
---@param scope string
---@param key string
---@param value any what JSON can say
---@param options {ttl: string?}|nil ttl: how long it is kept, "30m"; for good when absent
---@return boolean|nil is_new false: there was one already
---@return Error|nil err
function M.put_new(scope, key, value, options) end

--- Forgets a value. (waits)
---@param scope string
---@param key string
---@return true|nil done also when there was none
---@return Error|nil err
function M.delete(scope, key) end

return M
