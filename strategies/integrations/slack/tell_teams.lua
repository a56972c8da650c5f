-- tell_teams: an ordinary incident has no channel; it is told where its kind is looked after: in the conversations
-- whose tags begin with raid_alert__incidents_high (a high business impact) or raid_alert__incidents_normal, and in
-- those of the author's company, such as raid_alert__example.com. Private ones never are.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"

local TAG = "raid_alert__"
local BUSINESS = "business_impact"
local HIGH = { HT = true, HI = true }

local function business_level(incident)
  for _, impact in ipairs(incident.impacts or {}) do
    if impact.type.value == BUSINESS then return impact.level end
  end
end

-- The last two parts of where the author's mail goes: "example.com"; nil for somebody without an address.
local function company_of(person)
  local domain = (person and person.email or ""):match "@([^@%s]+)$"
  return domain and domain:lower():match "[^.]+%.[^.]+$"
end

-- Tags of which a conversation's must begin with one (kinds) or be one (companies).
local function add(found, prefix, is_whole)
  local rows, err = conversations.list { platform = "slack", incident_channels = false, tag_prefix = prefix }
  if not rows then return nil, err end
  for _, row in ipairs(rows) do
    if row.status ~= "archived" and (not is_whole or row.tag == prefix) then found[row.id] = row end
  end
  return true
end

local function conversations_for(incident)
  local level, found = business_level(incident), {}
  local kind = level and HIGH[level.value] and "high" or "normal"
  local done, err = add(found, TAG .. "incidents_" .. kind)
  if not done then return nil, err end
  local company = company_of(incident.created_by)
  if company then done, err = add(found, TAG .. company, true) end
  if not done then return nil, err end
  local list = {}
  for _, row in pairs(found) do list[#list + 1] = row end
  table.sort(list, function(a, b) return a.external_id < b.external_id end)
  return list
end

local function content(incident)
  local list = {
    blocks.section(("%s *%s*"):format(incident_text.priority(incident.priority), incident_text.headline(incident))),
    blocks.section(blocks.quote(incident.description, 1900)),
    blocks.fields(incident_text.facts(incident)),
  }
  local impacts = incident_text.impacts(incident)
  if impacts ~= "" then list[#list + 1] = blocks.section(impacts) end
  return list
end

local function tell(ctx, event)
  if event.response_type == "critical" then return end
  local incident, err = incidents.get { id = event.incident_id }
  if not incident then return nil, err end
  if incident.is_private or incident.is_ignored or rules.has_channel(incident) then return end
  local places, unread = conversations_for(incident)
  if not places then return nil, unread end
  local refusal
  for _, conversation in ipairs(places) do
    local sent, problem = message.send(ctx, {
      conversation = conversation, incident = incident, kind = "raid_created_issue", blocks = content(incident),
      text = ("%s %s was declared"):format(incident_text.priority(incident.priority), incident_text.headline(incident)),
    })
    if not sent and problem.retryable then return nil, problem end
    refusal = refusal or problem                 -- one that refuses keeps it from no other
  end
  return nil, refusal
end

return {
  about = "Tells ordinary incidents where their kind is looked after",
  order = 20,
  enabled = function(settings) return settings.slack.token ~= "" end,
  on = { ["incident.created"] = tell },
}
