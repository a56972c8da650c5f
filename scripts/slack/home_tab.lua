-- home_tab: what the app's home tab shows, and showing it: what is going on, and the buttons to join in. Private
-- incidents are shown to those who belong to them. Who looked lately is remembered, to be shown what changes.
local config = require "engine.config"
local json = require "engine.json"
local store = require "engine.store"
local time = require "engine.time"
local status = require "incident_status"
local blocks = require "slack.blocks"
local client = require "slack.client"
local footer = require "slack.footer"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local permit = require "slack.permit"

-- SCOPE: where the store keeps who looked lately, by user id, with the filter.
-- ELEMENT: what the block of an incident is called, before its number.
local M = { SCOPE = "slack.home", ELEMENT = "app_home_incident_element_" }

local LOOKS_FOR = "2h"
local SHOWN = 25
local DESCRIPTION_MAX = 500
local CRITICAL_AT_MOST = 3

local FILTERS = {
  { name = "all", label = "All" }, { name = "mine", label = "Mine" }, { name = "critical", label = "Critical" },
}

-- One more than is shown, to know whether there are more.
local function rows_of(person_id, filter, before_id)
  local wanted = { status_below = status.CLOSED, limit = SHOWN + 1, order = "newest", before_id = before_id }
  if filter == "mine" then wanted.of_person = person_id end
  if filter == "critical" then wanted.priority_value_at_most = CRITICAL_AT_MOST end
  return permit.list(person_id, wanted)
end

local function start_buttons()
  local function button(id, label, style)
    return blocks.button { action_id = id, label = label, style = style }
  end
  return blocks.actions("home_actions", {
    button("open_incident", "Declare an incident", "primary"), button("update_incident", "Update"),
    button("close_incident", "Close"),
  })
end

local function filter_buttons(current)
  local elements = {}
  for i, filter in ipairs(FILTERS) do
    elements[i] = blocks.button {
      action_id = "home_filter_" .. filter.name, label = filter.label, value = filter.name,
      style = filter.name == current and "primary" or nil,
    }
  end
  return blocks.actions("home_filters", elements)
end

local function menu(incident)
  return {
    blocks.option("Update status", "update_status"), blocks.option("Where it stands", "status"),
    blocks.option("Close", "close"), blocks.option("Its page", "open_link", incident.url),
  }
end

local function add_incident(list, incident)
  local channel = incident.conversation
  local where = channel and (" \u{00B7} <#%s>"):format(channel.external_id) or ""
  list[#list + 1] = blocks.divider()
  list[#list + 1] = blocks.section(("%s *%s*%s\n%s \u{00B7} %s \u{00B7} since %s \u{00B7} %s"):format(
    incident_text.priority(incident.priority), incident_text.headline(incident), where,
    blocks.escape(incident.status_label), incident_text.category(incident.category),
    incident_text.moment(incident.created_at_ms), incident_text.page_link(incident, "page")),
    blocks.overflow {
      action_id = "app_home_incident_action", options = menu(incident),
    }, M.ELEMENT .. incident.id)
  local lines = blocks.quote(incident.description, DESCRIPTION_MAX)
  if lines ~= "> " then list[#list + 1] = blocks.section(lines) end
end

-- How many there are, and when somebody looked.
local function standing(rows)
  local count = #rows > SHOWN and ("The newest %d"):format(SHOWN)
    or ("%d open incident%s"):format(#rows, #rows == 1 and "" or "s")
  return blocks.context(("%s, as of %s. `%s help` lists what can be done from everywhere."):format(count,
    incident_text.moment(time.now_ms()), config.slack.command))
end

local function content(rows, filter)
  local list = {
    blocks.header(config.slack.app_name .. ": incidents"), start_buttons(), filter_buttons(filter), standing(rows),
  }
  for i = 1, math.min(#rows, SHOWN) do add_incident(list, rows[i]) end
  if #rows == 0 then
    list[#list + 1] = blocks.divider()
    list[#list + 1] = blocks.section("Nothing is going on here.")
  end
  if #rows > SHOWN then
    list[#list + 1] = blocks.actions("home_pages", {
      blocks.button {
        action_id = "home_older", label = "Older ones", value = filter .. " " .. rows[SHOWN].id,
      },
    })
  end
  list[#list + 1] = footer.block()
  return list
end

--- Shows the tab to a user. Older pages (<before_id>) are not remembered: they stay as they were opened. May yield.
---@param user_id string
---@param filter string  "all", "mine" or "critical"
---@param before_id integer|nil
---@return true|nil done
---@return table|nil err
function M.publish(user_id, filter, before_id)
  local person, unknown = people.resolve(user_id)
  if not person then return nil, unknown end
  local rows, problem = rows_of(person.id, filter, before_id)
  if not rows then return nil, problem end
  local _, err = client.call("views.publish", {
    user_id = user_id,
    view = { type = "home", callback_id = "app_home", blocks = content(rows, filter), private_metadata = json.encode {
      filter = filter,
    } },
  })
  if err then return nil, err end
  if before_id then return store.delete(M.SCOPE, user_id) end
  return store.put(M.SCOPE, user_id, filter, { ttl = LOOKS_FOR })
end

M.FILTERS = FILTERS

return M
