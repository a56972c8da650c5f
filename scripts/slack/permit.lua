-- permit: who may do what. By default everybody in the workspace may do everything; what is private
-- is hidden by the kernel from all who do not belong to it, whatever stands here. The operator
-- narrows an action by slack.permissions in config.lua: a list of which one entry must fit.
--
--   everyone            whoever may see the incident
--   members             members of the incident, role holders, and who declared it
--   role:commander      who holds this role in the incident
--   usergroup:leads     members of a declared user group, by handle, name or id
--   ann@example.com     this person
local config = require "engine.config"
local incidents = require "engine.incidents"
local people_of = require "engine.people"
local usergroups = require "engine.usergroups"
local blocks = require "slack.blocks"
local people = require "slack.people"

local M = {}

--- What can be narrowed.
M.ACTIONS = { "declare", "see", "update", "close", "edit", "roles", "sos", "page" }

--- Is this an entry of a list? For the schema.
---@return boolean
function M.is_entry(entry)
  return entry == "everyone" or entry == "members" or entry:find "^role:[%w_%-]+$" ~= nil
    or entry:find "^usergroup:%S+$" ~= nil or entry:find "^[^%s@]+@[^%s@]+$" ~= nil
end

local RULES = {}

function RULES.everyone()
  return true
end

function RULES.members(person_id, incident)
  if not incident then return false end
  if incident.created_by and incident.created_by.id == person_id then return true end
  for _, member in ipairs(incidents.members { id = incident.id } or {}) do
    if member.person.id == person_id then return true end
  end
  return false
end

local function holds_role(person_id, incident, slug)
  for _, holding in ipairs(incident and incident.roles or {}) do
    if holding.slug == slug and holding.person.id == person_id then return true end
  end
  return false
end

local function is_in_usergroup(person_id, wanted)
  for _, group in ipairs(usergroups.list { platform = "slack", person_id = person_id } or {}) do
    if group.handle == wanted or group.name == wanted or group.external_id == wanted then
      return true
    end
  end
  return false
end

local function is_named(person_id, email)
  local person = people_of.get { id = person_id }
  return person ~= nil and person.email == email:lower()
end

local function fits(entry, person_id, incident)
  if RULES[entry] then return RULES[entry](person_id, incident) end
  local kind, value = entry:match "^(%a+):(.+)$"
  if kind == "role" then return holds_role(person_id, incident, value) end
  if kind == "usergroup" then return is_in_usergroup(person_id, value) end
  return is_named(person_id, entry)
end

local function refusal(action, entries)
  local who = {}
  for i, entry in ipairs(entries) do who[i] = "`" .. blocks.escape(entry, 100) .. "`" end
  return ("You may not do this (`%s`); these may: %s."):format(action, table.concat(who, ", "))
end

--- Whether the sender of a request may do something. May yield.
---@param given table  from slack.request
---@param action string  one of M.ACTIONS
---@param incident? table  nil for "declare"
---@return string|nil person_id
---@return string|nil words  for the person, mrkdwn
function M.check(given, action, incident)
  local person_id, err = people.sender_id(given.user_id, given.user_name)
  if not person_id then
    return nil, "We could not find out who you are: " .. blocks.escape(tostring(err), 300)
  end
  local entries = config.slack.permissions[action]
  if not entries or #entries == 0 then return person_id end
  for _, entry in ipairs(entries) do
    if fits(entry, person_id, incident) then return person_id end
  end
  return nil, refusal(action, entries)
end

--- On whose behalf the kernel is asked: it hides from the actor what is private.
---@param person_id string
---@return Actor
function M.actor(person_id)
  return { person = person_id, source = "chat" }
end

return M
