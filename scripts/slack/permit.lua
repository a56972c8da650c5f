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

local PAGE, MOST_PAGES = 100, 10

--- What can be narrowed.
M.ACTIONS = { "declare", "see", "update", "close", "edit", "roles", "sos", "page" }

--- Is this an entry of a list? For the schema.
---@return boolean
function M.is_entry(entry)
  return entry == "everyone" or entry == "members" or entry:find "^role:[%w_%-]+$" ~= nil
    or entry:find "^usergroup:%S+$" ~= nil or entry:find "^[^%s@]+@[^%s@]+$" ~= nil
end

--- Does this entry speak of an incident? Then nobody fits before there is one.
---@return boolean
function M.needs_incident(entry)
  return entry == "members" or entry:find "^role:" ~= nil
end

local RULES = {}

function RULES.everyone()
  return true
end

function RULES.members(person_id, incident)
  if not incident then return false end
  if incident.created_by and incident.created_by.id == person_id then return true end
  for _, holding in ipairs(incident.roles or {}) do
    if holding.person.id == person_id then return true end
  end
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

-- The entries of an action, nil when it is not narrowed.
local function entries_of(action)
  local entries = config.slack.permissions[action]
  return entries and #entries > 0 and entries or nil
end

local function any_fits(entries, person_id, incident)
  for _, entry in ipairs(entries) do
    if fits(entry, person_id, incident) then return true end
  end
  return false
end

-- The words of a refusal, or nil: one entry fits, or nothing is narrowed.
local function refused(action, person_id, incident)
  local entries = entries_of(action)
  if not entries or any_fits(entries, person_id, incident) then return nil end
  return refusal(action, entries)
end

-- The entries that depend on the incident, and those that do not.
local function split(entries)
  local of_incident, of_person = {}, {}
  for _, entry in ipairs(entries) do
    table.insert(M.needs_incident(entry) and of_incident or of_person, entry)
  end
  return of_incident, of_person
end

--- Who sent a request. May yield.
---@param given table  from slack.request
---@return string|nil person_id
---@return string|nil words  for the person, mrkdwn
function M.sender(given)
  local person_id, err = people.sender_id(given.user_id, given.user_name)
  if person_id then return person_id end
  return nil, "We could not find out who you are: " .. blocks.escape(tostring(err), 300)
end

--- Whether the sender of a request may do something; what is done to an incident, only those may do who may see
--- it. May yield.
---@param given table  from slack.request
---@param action string  one of M.ACTIONS
---@param incident? table  nil for "declare"
---@return string|nil person_id
---@return string|nil words  for the person, mrkdwn
function M.check(given, action, incident)
  local person_id, unknown = M.sender(given)
  if not person_id then return nil, unknown end
  local words = incident and refused("see", person_id, incident) or refused(action, person_id, incident)
  if words then return nil, words end
  return person_id
end

--- On whose behalf the kernel is asked: it hides from the actor what is private.
---@param person_id string
---@return Actor
function M.actor(person_id)
  return { person = person_id, source = "chat" }
end

local function copy_of(wanted)
  local copy = {}
  for key, value in pairs(wanted) do copy[key] = value end
  return copy
end

local function has_members(entries)
  for _, entry in ipairs(entries) do
    if entry == "members" then return true end
  end
  return false
end

-- As M.list, of those with a role: each incident that the person belongs to has to be asked.
local function list_fitting(entries, person_id, wanted)
  local actor, page, found = M.actor(person_id), copy_of(wanted), {}
  page.limit, page.is_brief = PAGE, nil    -- roles are in the full form only
  for _ = 1, MOST_PAGES do
    local rows, err = incidents.list(page, actor)
    if not rows then return nil, err end
    for _, row in ipairs(rows) do
      if #found < wanted.limit and any_fits(entries, person_id, row) then found[#found + 1] = row end
    end
    if #rows < PAGE or #found == wanted.limit then break end
    page.before_id = rows[#rows].id
  end
  return found
end

--- The newest incidents that a person may see: as incidents.list with the order "newest", without what
--- `see` keeps from the person. Where a role is asked for, looks through the newest thousand at most of those that the
--- person belongs to. May yield.
---@param person_id string
---@param wanted table  of incidents.list, with its limit
---@return table[]|nil rows  with what the brief form has
---@return table|nil err
function M.list(person_id, wanted)
  local actor, entries, brief = M.actor(person_id), entries_of "see", copy_of(wanted)
  brief.is_brief = true
  if not entries then return incidents.list(brief, actor) end
  local of_incident, of_person = split(entries)
  if any_fits(of_person, person_id) then return incidents.list(brief, actor) end
  if #of_incident == 0 then return {} end
  brief.of_person = person_id              -- who has a role in an incident belongs to it too
  if has_members(of_incident) then return incidents.list(brief, actor) end
  return list_fitting(of_incident, person_id, brief)
end

return M
