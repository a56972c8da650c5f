-- headline: the pinned first message of an incident's channel. It is kept true: whoever scrolls up or
-- opens the pins sees where the incident stands now.
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local people = require "slack.people"

local M = {}

M.KIND = "ff_incident_declared"

local function facts(incident)
  local list = incident_text.facts(incident)
  table.insert(list, 1, { "Status", blocks.escape(incident.status_label) })
  for _, role in ipairs(incident.roles or {}) do
    if #list < blocks.LIMIT.fields then
      list[#list + 1] = { blocks.escape(role.name, 100), people.mention(role.person) }
    end
  end
  return list
end

local function content(incident)
  local list = {
    blocks.header(incident.priority.emoji .. " " .. incident_text.title(incident)),
    blocks.section(blocks.quote(incident.description)),
    blocks.fields(facts(incident)),
  }
  local impacts = incident_text.impacts(incident)
  if impacts ~= "" then
    list[#list + 1] = blocks.divider()
    list[#list + 1] = blocks.section(impacts)
  end
  list[#list + 1] = blocks.context("Should be over within "
    .. incident_text.target(incident.priority)
    .. ". Say here what you see and what you try.")
  list[#list + 1] = blocks.actions("headline", { blocks.button {
    action_id = "why_am_i_here", label = "Why am I here?", value = tostring(incident.id),
  } })
  return list
end

--- What it says now.
---@return { text: string, blocks: table[] }
function M.content(incident)
  return {
    blocks = content(incident),
    text = ("%s %s, declared by %s"):format(incident_text.priority(incident.priority),
      incident_text.headline(incident), people.mention(incident.created_by)),
  }
end

return M
