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
  h("h3", nil, "#", hole "id", " ", hole "title"),
  h("p", { class = "pills" }, hole "priority", hole "environment",
    h("span", { class = "muted" }, hole "category", " (", hole "group", ")")),
  h("p", { class = "excerpt" }, hole "description"),
  h("p", { class = "muted" }, "Opened ", hole "ago", " by ", hole "person", hole "channel"))))

-- As <make>, but once for each name: what is declared is the same in every row.
local function once_a_name(make, key)
  local made = {}
  return function(row)
    local name = row[key]
    made[name] = made[name] or make(row)
    return made[name]
  end
end

-- The cards of a page, which share their pills.
local function card_maker()
  local priority = once_a_name(parts.priority_pill, "name")
  local environment = once_a_name(parts.environment_pill, "value")
  return function(incident)
    local channel, id, category = incident.conversation, tostring(incident.id), incident.category
    return fill_card {
      href = "/incident/" .. id .. "/", id = id, title = incident.title,
      priority = priority(incident.priority), environment = environment(incident.environment),
      category = category.name, group = category.group.name,
      description = incident.description, ago = parts.ago(incident.created_at_ms),
      person = parts.person(incident.created_by), channel = channel and (" \u{b7} #" .. channel.name) or "",
    }
  end
end

--- Splits the list into one group for each value of <key_of>, in the order of the values; within each they stay in
--- their order.
local function grouped(list, key_of)
  local groups, order = {}, {}
  for _, incident in ipairs(list) do
    local key = key_of(incident)
    local group = groups[key]
    if not group then
      group = { key = key, list = {} }
      groups[key] = group
      order[#order + 1] = group
    end
    group.list[#group.list + 1] = incident
  end
  table.sort(order, function(a, b) return a.key < b.key end)
  return order
end

local function status_of(incident) return incident.status end
local function priority_of(incident) return incident.priority.value end

local function column(list, card)
  local cards = {}
  for _, group in ipairs(grouped(list, priority_of)) do
    for _, incident in ipairs(group.list) do cards[#cards + 1] = card(incident) end
  end
  return h("section", { class = "status" },
    h("h2", nil, list[1].status_label, " ", h("span", { class = "count" }, tostring(#list))),
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
  local columns, card = {}, card_maker()
  for i, group in ipairs(grouped(list, status_of)) do columns[i] = column(group.list, card) end
  local noun = #list == 1 and " incident in progress" or " incidents in progress"
  return layout.page("Incidents in progress", { h("h1", nil, #list .. noun), columns })
end

return {
  about = "The dashboard of incidents in progress",
  routes = {
    { method = "GET", path = "/", access = "loopback", handler = show, about = "Incidents in progress, as a page" },
  },
}
