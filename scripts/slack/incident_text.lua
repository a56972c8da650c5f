-- incident_text: the words about an incident that several messages share. All of it is escaped
-- mrkdwn.
local config = require "engine.config"
local text = require "engine.text"
local time = require "engine.time"
local blocks = require "slack.blocks"
local people = require "slack.people"

local M = {}

local TOPIC_MAX = 250

function M.moment(ms)
  return blocks.moment(ms, time.format(ms, "%Y-%m-%d %H:%M", "UTC") .. " UTC")
end

--- Emoji and name of a priority, a role, an impact or a level.
---@param row { emoji: string, name: string }
---@param max? integer
function M.named(row, max)
  return blocks.escape((row.emoji .. " " .. row.name):gsub("^ ", ""), max or 100)
end

function M.priority(priority)
  return M.named(priority)
end

--- "#12: Checkout is down", plain: for headers and fallback texts. A drill says so wherever it is named.
function M.title(incident)
  return ("#%d: %s%s"):format(incident.id, incident.is_drill and "[Drill] " or "", blocks.line(incident.title))
end

--- "*#12: Checkout is down*" without anything in the title coming to life.
function M.headline(incident)
  return blocks.escape(M.title(incident), 300)
end

function M.page_link(incident, label)
  return blocks.link(incident.url, label or "incident page")
end

function M.category(category)
  return blocks.escape(category.group.name .. " / " .. category.name, 200)
end

--- How fast it should be over: "2 hours".
function M.target(priority)
  return priority.sla_ms and time.humanize(priority.sla_ms) or "no target"
end

--- Name and value of what matters first.
function M.facts(incident)
  return {
    { "Priority", M.priority(incident.priority) },
    { "Category", M.category(incident.category) },
    { "Environment", blocks.escape(incident.environment.name, 100) },
    { "Declared by", people.mention(incident.created_by) },
    { "Declared", M.moment(incident.created_at_ms) },
    { "Details", M.page_link(incident) },
  }
end

--- One line for each impact that is one; "" without any.
function M.impacts(incident)
  local lines = {}
  for _, impact in ipairs(incident.impacts or {}) do
    if impact.level.value ~= "NO" and #lines < 10 then
      lines[#lines + 1] = ("*%s*: %s"):format(M.named(impact.type), M.named(impact.level, 200))
    end
  end
  return table.concat(lines, "\n")
end

--- The channel's topic: facts first, shortened so that the link at its end stays whole.
function M.topic(incident)
  local link = config.slack.app_emoji .. " " .. blocks.link(incident.url, "page of the incident")
  local room = TOPIC_MAX - text.length(link) - 3
  if room < 20 then link, room = "", TOPIC_MAX end
  local facts = ("%s %s - %s - %s"):format(incident.priority.emoji, incident.priority.name,
    incident.status_label,
    incident.category.group.name .. " - " .. incident.category.name)
  local shown = blocks.escape(blocks.line(facts), room)
  return link ~= "" and shown .. " - " .. link or shown
end

return M
