-- list: "/incident list": what is going on, for whoever asks; "list mine" and "list critical" narrow it.
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local permit = require "slack.permit"
local reply = require "slack.reply"

local SHOWN = 15
local CRITICAL_AT_MOST = 3

local function row(incident)
  local words = ("%s *%s*\n%s \u{00B7} %s \u{00B7} %s"):format(incident_text.priority(incident.priority),
    incident_text.headline(incident), blocks.escape(incident.status_label),
    incident_text.moment(incident.created_at_ms), incident_text.page_link(incident, "page"))
  local channel = incident.conversation
  if channel then words = words .. (" \u{00B7} <#%s>"):format(channel.external_id) end
  return blocks.section(words)
end

local FILTERS = {
  [""] = function() return {} end,
  mine = function(person_id) return { of_person = person_id } end,
  critical = function() return { priority_value_at_most = CRITICAL_AT_MOST } end,
}

local function content(rows, label)
  local list = {}
  for i = 1, math.min(#rows, SHOWN) do list[i] = row(rows[i]) end
  if #rows == 0 then list[1] = blocks.section("No incident is open" .. label .. ".") end
  if #rows > SHOWN then
    list[#list + 1] = blocks.context(("Only the newest %d are shown."):format(SHOWN))
  end
  return list
end

local function run(given, rest)
  local filter = FILTERS[rest:lower()]
  if not filter then
    return reply.ephemeral { text = "`list` takes nothing, `mine` or `critical`." }
  end
  local person_id, words = permit.sender(given)
  if not person_id then return reply.ephemeral { text = words } end
  local wanted = filter(person_id)
  wanted.status_below, wanted.limit, wanted.order = status.CLOSED, SHOWN + 1, "newest"
  local rows, err = permit.list(person_id, wanted)
  if not rows then
    return reply.ephemeral { text = ":warning: The list cannot be read now: " .. tostring(err) }
  end
  local label = rest ~= "" and (" (" .. rest:lower() .. ")") or ""
  return reply.ephemeral { text = "Open incidents" .. label, blocks = content(rows, label) }
end

return {
  commands = {
    {
      name = "list", usage = { "list", "list mine", "list critical" }, run = run,
      about = { "open incidents", "those that concern you", "the critical ones" },
    },
  },
}
