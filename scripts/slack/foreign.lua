-- foreign: values out of somebody else's JSON, where anything can be missing, null, or of another type.
local M = {}

--- The text, nil when it is none or empty.
---@return string|nil
function M.text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The table, an empty one when it is none.
---@return table
function M.table(value)
  return type(value) == "table" and value or {}
end

--- Is it really true? A null is not.
---@return boolean
function M.is_true(value)
  return value == true
end

return M
