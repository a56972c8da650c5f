-- import_usergroups: the workspace's user groups as rows for config.lua. Prints what is not declared
-- yet, for somebody to choose from; changes nothing.
local config = require "engine.config"
local client = require "slack.client"
local foreign = require "slack.foreign"

local PATIENT = { timeout = "30s", wait = "20s" }

local function declared()
  local known = {}
  for _, row in ipairs(config.slack.usergroups) do
    if (row.id or "") ~= "" then known[row.id] = true end
    if (row.handle or "") ~= "" then known[row.handle:gsub("^@", "")] = true end
  end
  return known
end

-- A text as a config file writes it.
local function quote(text)
  return '"' .. text:gsub("%c", " "):gsub('[\\"]', "\\%0") .. '"'
end

local function row_of(group)
  return ("{ id = %s, handle = %s, name = %s },"):format(quote(group.id),
    quote(foreign.text(group.handle) or ""), quote(foreign.text(group.name) or ""))
end

local function import_usergroups(ctx)
  local answer, err = client.call("usergroups.list", { include_users = false }, PATIENT)
  if not answer then return err.code == "rate_limited" and "wait" or nil, err end
  local known, lines = declared(), {}
  for _, group in ipairs(foreign.table(answer.usergroups)) do
    if foreign.text(group.id) and not known[group.id] and not known[group.handle or ""] then
      lines[#lines + 1] = row_of(group)
    end
  end
  table.sort(lines)
  if #lines == 0 then lines[1] = "-- config.lua declares all user groups of the workspace already" end
  ctx:note { output = table.concat(lines, "\n") }
end

return {
  about = "Shows user groups that could be declared",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.import_usergroups"] = {
      about = "Prints the workspace's user groups as rows for config.lua", run = import_usergroups,
    },
  },
}
