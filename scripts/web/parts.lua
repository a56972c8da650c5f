-- parts: the small pieces that pages share: pills, times, people, quoted text.
local html = require "engine.html"
local time = require "engine.time"

local h = html.element
local M = {}

local STATUS_KIND = { [10] = "bad", [20] = "bad", [30] = "bad", [40] = "good", [50] = "calm", [60] = "over" }

function M.status_pill(incident)
  return h("span", { class = "pill " .. (STATUS_KIND[incident.status] or "over") }, incident.status_label)
end

local priority_pill = html.template(h("span", { class = html.hole "class", title = html.hole "title" },
  html.hole "text"))

function M.priority_pill(priority)
  return priority_pill { class = "pill priority p" .. priority.value, title = priority.description,
    text = priority.emoji .. " " .. priority.name }
end

local environment_pill = html.template(h("span", { class = "pill plain", title = html.hole "title" },
  html.hole "text"))

function M.environment_pill(environment)
  return environment_pill { title = environment.description, text = environment.value }
end

--- A moment: UTC in the text, rewritten into the reader's zone by the script where there is one.
function M.moment(ms)
  if not ms then return "\u{2013}" end
  return h("time", { datetime = time.format(ms, "%Y-%m-%dT%H:%M:%SZ", "UTC") },
    time.format(ms, "%Y-%m-%d %H:%M", "UTC") .. " UTC")
end

--- "3 hours and 5 minutes ago": takes {time = "3 hours and 5 minutes"}.
M.ago_frame = html.template(h("span", { class = "ago" }, html.hole "time", " ago"))

local person_name = html.template(h("span", { class = "person" }, html.hole "name"))

function M.person(person)
  if not person then return h("span", { class = "system" }, "the system") end
  return person_name { name = person.name ~= "" and person.name or person.username }
end

--- Foreign text: line breaks are kept, everything is escaped by the builder.
function M.prose(text)
  return h("p", { class = "prose" }, text)
end

--- A titled card of a page.
function M.card(title, ...)
  return h("section", { class = "card" }, h("h2", nil, title), ...)
end

--- A table that stays readable on a phone: each cell repeats its column's name.
---@param columns string[]
---@param rows any[][]
function M.grid(columns, rows)
  local head, body = {}, {}
  for i, name in ipairs(columns) do head[i] = h("th", { scope = "col" }, name) end
  for i, row in ipairs(rows) do
    local cells = {}
    for j = 1, #columns do cells[j] = h("td", { ["data-label"] = columns[j] }, row[j]) end
    body[i] = h("tr", nil, cells)
  end
  return h("table", { class = "grid" }, h("thead", nil, h("tr", nil, head)), h("tbody", nil, body))
end

return M
