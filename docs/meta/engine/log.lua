---@meta engine.log
-- Made from the sources by `make docs`; do not edit.

--- One line an event, with the script's file and line in front. Never log a secret.
---@class engine.log
local M = {}

--- Logs for those who look for a mistake.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function M.debug(message, fields) end

--- Logs what an operator may want to know.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function M.info(message, fields) end

--- Logs what an operator should look at some day.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function M.warn(message, fields) end

--- Logs what an operator should look at now.
---@param message any
---@param fields table<string, any>|nil named values; `incident` is the incident's id
function M.error(message, fields) end

return M
