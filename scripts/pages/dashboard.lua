-- dashboard: the incidents in progress, worst first within each status.
local html = require "engine.html"
local incidents = require "engine.incidents"
local time = require "engine.time"
local status = require "incident_status"
local layout = require "web.layout"
local parts = require "web.parts"

local h = html.element
local MOST = 500
local READER = { source = "web" }   -- nobody in particular until sign-in exists: private incidents stay out

local hole = html.hole

local fill_card = html.template(h("li", nil, h("a", { class = "incident", href = hole "href" },
  h("h3", nil, "#", hole "id", " ", h("bdi", nil, hole "title")),
  h("p", { class = "pills" }, hole "priority", " ", hole "environment", " ", hole "category"),
  h("p", { class = "excerpt" }, hole "description"),
  h("p", { class = "muted" }, "Opened ", parts.ago_frame { time = hole "ago" }, " by ", hole "created_by",
    hole "channel"))))

local function category_pill(category)
  return h("span", { class = "muted" }, category.name, " (", category.group.name, ")")
end

local function each(list, make)
  local made = {}
  for i, one in ipairs(list) do made[i] = make(one) end
  return made
end

-- The cards of a board: what is common to many of them is made once.
local function card_maker(board)
  local priorities = each(board.priorities, parts.priority_pill)
  local environments = each(board.environments, parts.environment_pill)
  local categories, people = each(board.categories, category_pill), each(board.people, parts.person)
  local now_ms = time.now_ms()
  return function(incident)       -- the row becomes what its card shows
    local channel = incident.conversation_name
    incident.href = "/incident/" .. incident.id .. "/"
    incident.priority = priorities[incident.priority]
    incident.environment = environments[incident.environment]
    incident.category = categories[incident.category]
    incident.created_by = people[incident.created_by]
    incident.ago = time.humanize(now_ms - incident.created_at_ms)
    incident.channel = channel and (" \u{b7} #" .. channel) or false
    return fill_card(incident)
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

local function column(list, board, card)
  local cards = {}
  local function priority_of(incident) return board.priorities[incident.priority].value end
  for _, group in ipairs(grouped(list, priority_of)) do
    for _, incident in ipairs(group.list) do cards[#cards + 1] = card(incident) end
  end
  return h("section", { class = "status" },
    h("h2", nil, list[1].status_label, " ", h("span", { class = "count" }, tostring(#list))),
    h("ul", { class = "cards" }, cards))
end

local function heading(count, has_more)
  if has_more then
    return { h("h1", nil, ("The newest %d incidents in progress"):format(count)),
      h("p", { class = "muted" }, "There are more: ", h("code", nil, "halligan incident list --limit 1000"),
        " shows older ones, and the API has all of them.") }
  end
  return h("h1", nil, count .. (count == 1 and " incident in progress" or " incidents in progress"))
end

local function show()
  local board, err = incidents.board({ status_below = status.CLOSED, limit = MOST + 1 }, READER)
  if not board then return layout.failed(err) end
  local list = board.incidents
  local has_more = #list > MOST
  list[MOST + 1] = nil
  if #list == 0 then
    return layout.page("Incidents in progress", h("section", { class = "empty" },
      h("h1", nil, "Nothing is burning"),
      h("p", nil, "No incident is in progress. Declare one with the command of your chat, with ",
        h("code", nil, "halligan incident open P2 what is broken"), ", or through the API.")))
  end
  local columns, card = {}, card_maker(board)
  for i, group in ipairs(grouped(list, status_of)) do columns[i] = column(group.list, board, card) end
  return layout.page("Incidents in progress", { heading(#list, has_more), columns })
end

return {
  about = "The dashboard of incidents in progress",
  routes = {
    { method = "GET", path = "/", access = "loopback", handler = show, about = "Incidents in progress, as a page" },
  },
}
