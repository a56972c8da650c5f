-- selector: which incident is meant, when neither the channel nor the words say it. Searched while
-- somebody types; private incidents are offered to those who belong to them.
local incidents = require "engine.incidents"
local json = require "engine.json"
local log = require "engine.log"
local text = require "engine.text"
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local permit = require "slack.permit"
local view = require "slack.view"

local ACTION = "incident_update_select_incident"
local SHOWN = 50
local WORDS_MAX = 200

-- The open incident with exactly this number: among thousands it would drown in those whose number
-- only begins with it.
local function numbered(words, given, actor)
  local id = math.tointeger(tonumber(words:match "^#?(%d+)$"))
  local incident = id and incidents.get({ id = id }, actor)
  local is_offered = incident and incident.status < status.CLOSED and permit.check(given, "see", incident)
  return is_offered and incident or nil
end

local function options(given)
  local found = { options = json.array {} }
  local person_id, unknown = permit.sender(given)
  local words = text.cut(blocks.line(given.action.value), WORDS_MAX, "")
  local rows, err = {}, unknown
  if person_id then
    local wanted = { status_below = status.CLOSED, search = words, limit = SHOWN, order = "newest" }
    rows, err = permit.list(person_id, wanted)
  end
  if err then log.warn("incidents to choose from: " .. tostring(err)) end
  local exact = person_id and numbered(words, given, permit.actor(person_id))
  local function add(incident)
    found.options[#found.options + 1] = blocks.option(incident_text.title(incident), tostring(incident.id))
  end
  if exact then add(exact) end
  for _, incident in ipairs(rows or {}) do
    if not exact or incident.id ~= exact.id then add(incident) end
  end
  return found
end

local function chosen(given)
  local modal = incident_modal.find(given.view.callback_id)
  local id = math.tointeger(tonumber(given.action.value))
  if modal and id then return incident_modal.show(modal, given, "update", id) end
  view.redraw(given, function()
    return view.notice("Select an incident", "This list belongs to an older version of the app. Please begin again.")
  end)
end

return { actions = { [ACTION] = chosen }, options = { [ACTION] = options } }
