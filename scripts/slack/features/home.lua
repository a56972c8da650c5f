-- home: the app's home tab is opened, filtered and paged through.
local log = require "engine.log"
local foreign = require "slack.foreign"
local home_tab = require "slack.home_tab"
local incident_modal = require "slack.incident_modal"

local function publish(user_id, filter, before_id)
  local _, err = home_tab.publish(user_id, filter, before_id)
  if err then log.warn("the home tab was not drawn: " .. tostring(err), { user = user_id }) end
end

local function opened(event)
  if event.tab ~= nil and event.tab ~= "home" then return end
  if foreign.text(event.user) then
    return function() publish(event.user, "all") end
  end
end

local function older(given)
  local filter, id = given.action.value:match "^(%a+) (%d+)$"
  if filter then publish(given.user_id, filter, math.tointeger(id)) end
end

-- What the menu of an incident's block opens; the page opens by itself.
local MODALS = { update_status = "incident_update_status", status = "incident_status", close = "incident_close" }

local function chosen(given)
  local modal = incident_modal.find(MODALS[given.action.value])
  local id = math.tointeger(tonumber(given.action.block_id:match("^" .. home_tab.ELEMENT .. "(%d+)$")))
  if modal and id then incident_modal.show(modal, given, "open", id) end
end

local actions = { home_older = older, app_home_incident_action = chosen, open_link = function() end }
for _, filter in ipairs(home_tab.FILTERS) do
  actions["home_filter_" .. filter.name] = function(given) publish(given.user_id, filter.name) end
end

return { events = { app_home_opened = opened }, actions = actions }
