---@meta engine.schedule
-- Made from the sources by `make docs`; do not edit.

--- Which task runs when, as the current scripts say.
---@class engine.schedule
local M = {}

--- The schedules that are on.
---@return {name: string, task: string, every_ms: integer?, cron: string?, time_zone: string, catch_up: string, args: table, about: string}[] rows
function M.list() end

return M
