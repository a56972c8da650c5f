-- load: config.lua's value against the engine's keys and those of the integrations. Called by the engine.
local rules = require "config.rules"
local schema = require "config.schema"
local shape = require "config.shape"

-- What the engine and the command line must know before there is a database.
local ENGINE_KEYS = { "listen", "database", "base_url", "time_zone", "log", "limits", "invites", "defaults" }

-- The engine's fields and those of the units. `units`: list of { path =, fields = }, in order.
local function merge(units)
  local fields, errors, owners = {}, {}, {}
  for key, value in pairs(schema) do fields[key] = value end
  for _, unit in ipairs(units) do
    for key, value in pairs(unit.fields) do
      if type(value) ~= "table" or not value.kind then
        errors[#errors + 1] = { file = unit.path, message = "config key `" .. tostring(key) .. "` is no shape" }
      elseif fields[key] then
        errors[#errors + 1] = { file = unit.path, message = "config key `" .. key .. "` is taken by "
          .. (owners[key] or "the engine") }
      else
        fields[key], owners[key] = value, unit.path
      end
    end
  end
  return fields, errors
end

local M = {}

-- Where people reach the pages, unless the file says otherwise: where the server listens.
local function complete(config)
  local url = config.base_url or (config.listen and "http://" .. config.listen)
  config.base_url = url and url:gsub("/+$", "")
end

-- Returns the whole config, the same without secrets, and a list of {path=, message=} (in config.lua) or
-- {file=, message=}.
function M.validate(raw, units, tools)
  local fields, errors = merge(units)
  local made, shown, found = shape.validate(shape.table { fields = fields }, raw, tools)
  for _, problem in ipairs(found) do errors[#errors + 1] = problem end
  rules.check(made, function(path, message) errors[#errors + 1] = { path = path, message = message } end)
  complete(made)
  complete(shown)
  return made, shown, errors
end

-- Only the engine's keys, whatever else there is: without secrets, and the errors.
function M.peek(raw, tools)
  local fields, given = {}, {}
  for _, key in ipairs(ENGINE_KEYS) do fields[key], given[key] = schema[key], raw[key] end
  local _, shown, errors = shape.validate(shape.table { fields = fields }, given, tools)
  complete(shown)
  return shown, errors
end

return M
