-- selector: which incident is meant, when neither the channel nor the words say it. Searched while
-- somebody types; private incidents are offered to those who belong to them.
local incidents = require "engine.incidents"
local json = require "engine.json"
local log = require "engine.log"
local blocks = require "slack.blocks"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local permit = require "slack.permit"
local view = require "slack.view"

local ACTION = "incident_update_select_incident"
local CLOSED = 60
local SHOWN = 50

local function options(given)
  local found = { options = json.array {} }
  local person = people.find(given.user_id)
  local actor = person and permit.actor(person.id) or { source = "chat" }
  local rows, err = incidents.list({
    status_below = CLOSED, search = blocks.line(given.action.value), limit = SHOWN, order = "newest",
  }, actor)
  if not rows then log.warn("incidents to choose from: " .. tostring(err)) end
  for i, incident in ipairs(rows or {}) do
    found.options[i] = blocks.option(incident_text.title(incident), tostring(incident.id))
  end
  return found
end

local function chosen(given)
  local modal = incident_modal.find(given.view.callback_id)
  local id = math.tointeger(tonumber(given.action.value))
  if modal and id then return incident_modal.show(modal, given, "update", id) end
  view.update(given.view.id, view.notice("Select an incident",
    "This list belongs to an older version of the app. Please begin again."), given.view.hash)
end

return { actions = { [ACTION] = chosen }, options = { [ACTION] = options } }
