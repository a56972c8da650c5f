-- headline: the pinned first message of an incident's channel. It is kept true: whoever scrolls up or
-- opens the pins sees where the incident stands now.
local blocks = require "slack.blocks"
local custom_facts = require "slack.custom_facts"
local documents = require "slack.documents"
local incident_text = require "slack.incident_text"
local people = require "slack.people"

local M = {}

M.KIND = "ff_incident_declared"

local MOST_CUSTOM = 30

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

-- The operator's own fields, as many blocks as they need.
local function add_custom_facts(list, incident)
  local facts_of_ours = custom_facts.of(incident)
  for first = 1, math.min(#facts_of_ours, MOST_CUSTOM), blocks.LIMIT.fields do
    local last = math.min(first + blocks.LIMIT.fields - 1, #facts_of_ours, MOST_CUSTOM)
    list[#list + 1] = blocks.fields(table.move(facts_of_ours, first, last, 1, {}))
  end
end

local function add_documents(list, incident)
  local found, err = documents.of(incident.id)
  if not found then return nil, err end
  for _, one in ipairs { { "ticket", "Ticket" }, { "postmortem", "Post-mortem" } } do
    local some = documents.of_kind(found, one[1])
    if #some > 0 then list[#list + 1] = blocks.section("*" .. one[2] .. "*\n" .. documents.lines(some)) end
  end
  return true
end

local function buttons(incident)
  local value, list = tostring(incident.id), {}
  if not incident.closed_at_ms then
    list[1] = blocks.button { action_id = "update_incident", label = "Update", value = value, style = "primary" }
  end
  list[#list + 1] = blocks.button { action_id = "why_am_i_here", label = "Why am I here?", value = value }
  return blocks.actions("headline", list)
end

local function content(incident)
  local list = {
    blocks.header(incident.priority.emoji .. " " .. incident_text.title(incident)),
    blocks.section(blocks.quote(incident.description)),
    blocks.fields(facts(incident)),
  }
  add_custom_facts(list, incident)
  local impacts = incident_text.impacts(incident)
  if impacts ~= "" then
    list[#list + 1] = blocks.divider()
    list[#list + 1] = blocks.section(impacts)
  end
  local added, err = add_documents(list, incident)
  if not added then return nil, err end
  list[#list + 1] = blocks.context("Should be over within "
    .. incident_text.target(incident.priority)
    .. ". Say here what you see and what you try.")
  list[#list + 1] = buttons(incident)
  return list
end

--- What it says now. May yield.
---@param incident table
---@return { text: string, blocks: table[] }|nil
---@return table|nil err
function M.content(incident)
  local list, err = content(incident)
  if not list then return nil, err end
  return {
    blocks = list,
    text = ("%s %s, declared by %s"):format(incident_text.priority(incident.priority),
      incident_text.headline(incident), people.mention(incident.created_by)),
  }
end

return M
