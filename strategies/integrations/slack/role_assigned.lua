-- role_assigned: whoever was given a role, or has it because they declared the incident, is told what it asks of them;
-- not again before slack.role_note_every is over. A courtesy: sent at most once, and never a reason to fail.
local config = require "engine.config"
local log = require "engine.log"
local store = require "engine.store"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local step = require "slack.step"

local SCOPE = "slack.role_told"

local function words(incident, conversation, role, is_first)
  local text = ("%s You are %s *%s* of *%s* in <#%s>."):format(blocks.escape(role.emoji, 100),
    is_first and "the" or "now", blocks.escape(role.name, 100), incident_text.headline(incident),
    conversation.external_id)
  if is_first then text = text .. " It comes with declaring an incident; somebody else can take it." end
  if role.summary and role.summary ~= "" then text = text .. "\n" .. blocks.quote(role.summary, 1000) end
  return text
end

-- Whether they know what it asks: they were told not long ago.
local function knows(role)
  local every_ms = config.slack.role_note_every
  if not every_ms then return true end
  local key = role.person.id .. " " .. role.slug
  if store.get(SCOPE, key) then return true end
  if every_ms > 0 then store.put(SCOPE, key, true, { ttl = every_ms }) end
  return false
end

local function tell(incident, conversation, role, is_first)
  local slack_id = people.slack_id(role.person)
  if not slack_id or knows(role) then return end
  local text = words(incident, conversation, role, is_first)
  local _, err = client.call("chat.postMessage", {
    channel = slack_id, text = text, blocks = { blocks.section(text) }, unfurl_links = false,
  })
  if err then log.info("a role's holder was not told: " .. tostring(err), { incident = incident.id }) end
end

local function tell_holders(ctx, incident, conversation, event)
  if ctx.unknown then return end
  local is_first, given = event.kind == "conversation.ready", {}
  for _, one in ipairs(event.added or {}) do given[one.slug .. " " .. one.person_id] = true end
  for _, role in ipairs(incident.roles) do
    local is_authors = is_first and role.person.id == incident.created_by.id
    if is_first or given[role.slug .. " " .. role.person.id] then
      tell(incident, conversation, role, is_authors)
    end
  end
end

return step.unit {
  about = "Tells people what their role asks of them", events = { "conversation.ready", "roles.assigned" }, order = 40,
  run = tell_holders,
}
