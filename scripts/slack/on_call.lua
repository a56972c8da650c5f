-- on_call: who is on call now, as providers and config.lua say, by service; and which services were called to what.
local crypto = require "engine.crypto"
local kernel = require "engine.kernel"
local people_of = require "engine.people"
local store = require "engine.store"
local blocks = require "slack.blocks"
local people = require "slack.people"

local M = {}

local KEY_LENGTH = 16
local CALLED = "slack.oncall_called"        -- scope of the store

--- What an option calls a service: its name may be longer than Slack takes.
---@param service string
function M.key(service)
  return crypto.sha256_hex(service):sub(1, KEY_LENGTH)
end

--- The services that somebody is on call for, each with its levels from the first on. May yield.
---@return { service: string, key: string, levels: { level: integer, people: table[] }[] }[]|nil services
---@return table|nil err
function M.services()
  local rows, err = kernel.call("oncall.now", {})
  if not rows then return nil, err end
  local services, by_name, by_level = {}, {}, {}
  for _, row in ipairs(rows) do
    local person, unread = people_of.get { id = row.person_id }
    if not person and unread.code ~= "not_found" then return nil, unread end
    local service, at = by_name[row.service], row.service .. "\0" .. row.level
    if person and not service then
      service = { service = row.service, key = M.key(row.service), levels = {} }
      services[#services + 1], by_name[row.service] = service, service
    end
    if person and not by_level[at] then
      by_level[at] = { level = row.level, people = {} }
      table.insert(service.levels, by_level[at])
    end
    if person then table.insert(by_level[at].people, person) end
  end
  for _, service in ipairs(services) do
    table.sort(service.levels, function(a, b) return a.level < b.level end)
    for _, level in ipairs(service.levels) do
      table.sort(level.people, function(a, b) return a.name < b.name end)
    end
  end
  return services
end

--- The service with this key; nil when nobody is on call for it any more. May yield.
---@return table|nil service
---@return table|nil err
function M.find(key)
  local services, err = M.services()
  for _, service in ipairs(services or {}) do
    if service.key == key then return service end
  end
  return nil, err
end

local function called_key(incident_id, key)
  return ("%d %s"):format(incident_id, key)
end

--- Was the service with this key called to the incident? May yield.
function M.was_called(incident_id, key)
  return store.get(CALLED, called_key(incident_id, key)) ~= nil
end

--- Keeps that it was, or that it was not after all. May yield.
---@param incident_id integer
---@param key string
---@param is_called boolean
function M.set_called(incident_id, key, is_called)
  if is_called then return store.put(CALLED, called_key(incident_id, key), true) end
  return store.delete(CALLED, called_key(incident_id, key))
end

--- One line a level, mrkdwn.
---@param services table[]
---@param most integer
function M.lines(services, most)
  local lines = {}
  for _, service in ipairs(services) do
    for _, level in ipairs(service.levels) do
      local words = { ("\u{2022} %s (level %d):"):format(blocks.escape(blocks.line(service.service), 60), level.level) }
      for _, person in ipairs(level.people) do words[#words + 1] = people.mention(person) end
      if #lines < most then lines[#lines + 1] = table.concat(words, " ") end
    end
  end
  return table.concat(lines, "\n")
end

return M
