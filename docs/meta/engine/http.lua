---@meta engine.http
-- Made from the sources by `make docs`; do not edit.

--- Requests to the outside. One request a call; no redirects, no retries: what an answer means is the script's business.
---@class engine.http
local M = {}

--- Sends a request and waits for the whole answer, whatever its status. (waits)
---@param options {method: string?, url: string, headers: table<string, string>?, body: string?, form: table<string, string|number|boolean>?, json: any?, timeout: string?, max_bytes: integer?} method: "GET"; one of body, form and json; timeout: "15s", two minutes at most; max_bytes: of the answer, 16 MiB
---@return {status: integer, headers: table<string, string>, body: string}|nil response header names in lower case
---@return Error|nil err err.outcome is "not_sent", or "unknown" when the request may have arrived; codes: timeout, network, limit, closed, invalid
function M.request(options) end

return M
