-- settings: what follows from the operator's slack = { ... } in config.lua.
local config = require "engine.config"

local M = {}

--- All names of the command: the main one first, then its aliases.
---@param slack? table  the part `slack` of a config; default: the running one
---@return string[]
function M.command_names(slack)
  slack = slack or config.slack
  local names, seen = {}, {}
  local function add(name)
    if name ~= "" and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  add(slack.command:lower())
  for _, alias in ipairs(slack.aliases) do
    for part in alias:gmatch("[^,%s]+") do add(part:lower()) end
  end
  return names
end

---@return boolean
function M.is_command(name)
  name = name:lower()
  if name == config.slack.command then return true end
  for _, known in ipairs(M.command_names()) do
    if known == name then return true end
  end
  return false
end

return M
