-- dashboard: the incidents in progress, worst first within each status.
local html = require "engine.html"
local incidents = require "engine.incidents"
local status = require "incident_status"
local layout = require "web.layout"
local parts = require "web.parts"

local h = html.element
local READER = { source = "web" }   -- nobody in particular until sign-in exists: private incidents stay out

local hole = html.hole

local fill_card = html.template(h("li", nil, h("a", { class = "incident", href = hole "href" },
  h("h3", nil, hole "title"),
  h("p", { class = "pills" }, hole "priority", hole "environment",
    h("span", { class = "muted" }, hole "category")),
  h("p", { class = "excerpt" }, hole "description"),
  h("p", { class = "muted" }, "Opened ", hole "ago", " by ", hole "person", hole "channel"))))

local function card(incident)
  local channel = incident.conversation
  return fill_card {
    href = "/incident/" .. incident.id .. "/", title = "#" .. incident.id .. " " .. incident.title,
    priority = parts.priority_pill(incident.priority), environment = parts.environment_pill(incident.environment),
    category = incident.category.name .. " (" .. incident.category.group.name .. ")",
    description = incident.description, ago = parts.ago(incident.created_at_ms),
    person = parts.person(incident.created_by), channel = channel and (" \u{b7} #" .. channel.name) or "",
  }
end

--- Splits the list into one group a status, in the order of the statuses.
local function by_status(list)
  local groups, order = {}, {}
  for _, incident in ipairs(list) do
    local group = groups[incident.status]
    if not group then
      group = { label = incident.status_label, status = incident.status, list = {} }
      groups[incident.status] = group
      order[#order + 1] = group
    end
    group.list[#group.list + 1] = incident
  end
  table.sort(order, function(a, b) return a.status < b.status end)
  return order
end

local function column(group)
  table.sort(group.list, function(a, b)
    if a.priority.value ~= b.priority.value then return a.priority.value < b.priority.value end
    return a.id > b.id
  end)
  local cards = {}
  for i, incident in ipairs(group.list) do cards[i] = card(incident) end
  return h("section", { class = "status" },
    h("h2", nil, group.label, " ", h("span", { class = "count" }, tostring(#group.list))),
    h("ul", { class = "cards" }, cards))
end

local function show()
  local list, err = incidents.list({ status_below = status.CLOSED, limit = 500, is_brief = true }, READER)
  if not list then return layout.failed(err) end
  if #list == 0 then
    return layout.page("Incidents in progress", h("section", { class = "empty" },
      h("h1", nil, "Nothing is burning"),
      h("p", nil, "No incident is in progress. Declare one with /incident open in your chat, with ",
        h("code", nil, "halligan incident open"), ", or through the API.")))
  end
  local columns = {}
  for i, group in ipairs(by_status(list)) do columns[i] = column(group) end
  local noun = #list == 1 and " incident in progress" or " incidents in progress"
  return layout.page("Incidents in progress", { h("h1", nil, #list .. noun), columns })
end

return {
  about = "The dashboard of incidents in progress",
  routes = {
    { method = "GET", path = "/", access = "loopback", handler = show, about = "Incidents in progress, as a page" },
  },
}
