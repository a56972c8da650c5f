---@meta engine.config
-- Made from the sources by `make docs`; do not edit.

--- The operator's config, checked, with its defaults; read-only.
---@class engine.config
---@field [string] any
local M = {}

return M
