---@meta engine.json
-- Made from the sources by `make docs`; do not edit.

--- JSON text for scripts. Integers stay integers, an empty list stays a list, errors name the place.
---@class engine.json
---@field null userdata what stands for null within lists, and in tables that are encoded
local M = {}

--- Reads JSON text. Members that are null are left out of objects; within lists they are json.null. A number that is whole becomes an integer, also when it was written 5.0.
---@param text string
---@return any|nil value
---@return Error|nil err code "syntax": not JSON, or not UTF-8; "limit": nested too deeply
function M.decode(text) end

--- Writes a value as JSON text, members in the order of their names. Throws, naming the path, for what has no JSON form: functions, NaN, bytes that are no UTF-8, lists with gaps, tables with both numbers and names as keys, tables that contain themselves.
---@param value any tables, texts, numbers, booleans, json.null; an empty table is an object unless json.array marked it
---@param options {pretty: boolean?}|nil pretty: over several lines
---@return string text
function M.encode(value, options) end

--- Marks a table as a list, so that it is written as [] also when it is empty.
---@param list table|nil an empty one when absent
---@return table list the same table
function M.array(list) end

return M
