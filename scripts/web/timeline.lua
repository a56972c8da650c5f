-- timeline: the records of an incident as a card, the newest first: who did what, when, and what became of the
-- message that it was read from.
local html = require "engine.html"
local people = require "engine.people"
local reference = require "engine.reference"
local parts = require "web.parts"

local h = html.element
local M = {}

local NEWEST = 200                    -- of a long timeline, unless all of it is asked for

-- What scripts note beside the key events of the config.
local EVENTS = {
  send_sos = "Called for help", trigger_oncall = "Called who is on call", closure_reason = "Closed early",
}

-- Everybody who is part of the incident, by id; others are asked for when they are met.
local function people_of(detail)
  local known = {}
  for _, person in ipairs(detail.members) do known[person.id] = person end
  for _, role in ipairs(detail.roles) do known[role.person.id] = role.person end
  return setmetatable(known, { __index = function(self, id)
    self[id] = people.get { id = id }
    return rawget(self, id)
  end })
end

-- "Ada, Bruno", or that nobody has the role any more. <holders>: an id, a list of them, or null.
local function holders_text(holders, context)
  if type(holders) == "string" then holders = { holders } end
  local names = {}
  for i, id in ipairs(type(holders) == "table" and holders or {}) do
    if i > 1 then names[#names + 1] = ", " end
    names[#names + 1] = parts.person(context.people[id])
  end
  return #names > 0 and names or "nobody any more"
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function lines_of(update, context)
  local lines = {}
  local function add(name, value)
    lines[#lines + 1] = h("p", nil, h("span", { class = "muted" }, name .. " "), value)
  end
  local event = update.event_type
  if event and context.milestones[event] then
    add("Key event:", context.milestones[event])
  elseif event then
    lines[#lines + 1] = h("p", nil, EVENTS[event] or (event:gsub("_", " "):gsub("^%l", string.upper)))
  end
  if update.message then lines[#lines + 1] = parts.prose(update.message) end
  if update.title then add("Title:", update.title) end
  if update.description then lines[#lines + 1] = parts.prose(update.description) end
  if update.status_label then add("Status:", parts.status_pill(update)) end
  if update.priority then add("Priority:", update.priority.name) end
  if update.environment then add("Environment:", update.environment.name) end
  if update.category then add("Category:", update.category.name) end
  for _, slug in ipairs(sorted_keys(update.roles or {})) do
    add((context.roles[slug] or slug) .. ":", holders_text(update.roles[slug], context))
  end
  return lines
end

-- What became of the message that a record was made from.
local function fate(update)
  local deleted = update.source and update.source.deleted_at_ms
  local word, at = "edited", update.edited_at_ms
  if deleted then word, at = "its message was deleted", deleted end
  return at and h("span", { class = "muted" }, " (" .. word .. ", ", parts.moment(at), ")")
end

local function link_to_all(count)
  return h("p", nil, h("a", { href = "?timeline=all#timeline" },
    ("Show all %d entries, down to the declaration"):format(count)))
end

--- The card. May yield.
---@param detail table  what incidents.detail answers
---@param is_whole boolean  all entries, however many
function M.card(detail, is_whole)
  local context = reference.names() or { milestones = {}, roles = {} }
  context.people = people_of(detail)
  local updates = detail.updates
  local rows, count = {}, is_whole and #updates or math.min(#updates, NEWEST)
  for i = 1, count do
    local update = updates[i]
    rows[i] = h("li", nil,
      h("p", { class = "when" }, parts.moment(update.event_at_ms), " \u{b7} ", parts.person(update.created_by),
        fate(update)),
      lines_of(update, context))
  end
  return h("section", { class = "card", id = "timeline" }, h("h2", nil, "Timeline"),
    h("ol", { class = "timeline", reversed = true }, rows),
    count < #updates and link_to_all(#updates) or nil)
end

return M
