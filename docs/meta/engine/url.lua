---@meta engine.url
-- Made from the sources by `make docs`; do not edit.

--- Forms and query strings.
---@class engine.url
local M = {}

--- Reads a form body; of a name that is there twice the last value counts. Bytes that are no UTF-8, and NUL, become U+FFFD.
---@param text string "a=1&b=2"
---@return table<string, string>|nil fields
---@return Error|nil err code "limit": more than 1,000 fields or 4 MiB
function M.parse_form(text) end

--- Reads a query string, as url.parse_form does a body.
---@param text string "a=1&b=2", without the question mark
---@return table<string, string>|nil fields
---@return Error|nil err code "limit": more than 1,000 fields or 4 MiB
function M.parse_query(text) end

--- Makes a text safe within a URL.
---@param text string
---@return string text everything but letters, digits and "-._~" as %XX
function M.escape(text) end

--- Writes a form body or a query string, fields in the order of their names.
---@param fields table<string, string|number|boolean>
---@return string text "a=1&b=2"
function M.encode(fields) end

return M
