---@meta engine.info
-- Made from the sources by `make docs`; do not edit.

--- Facts of the running engine: version, base_url, generation, started_at_ms. Looked up when they are read.
---@class engine.info
---@field version string of the engine: "0.1.0"
---@field base_url string where people reach the pages, without a final slash
---@field generation string the hash that names the scripts that run
---@field started_at_ms integer when the engine was started
local M = {}

return M
