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

local function key_of(role) return role.person.id .. " " .. role.slug end

-- Whether they know what it asks: they were told not long ago.
local function knows(role)
  return not config.slack.role_note_every or store.get(SCOPE, key_of(role)) ~= nil
end

local function remember(role)
  local every_ms = config.slack.role_note_every
  if every_ms > 0 then store.put(SCOPE, key_of(role), true, { ttl = every_ms }) end
end

-- An error only when it is worth another try.
local function tell(incident, conversation, role, is_first)
  local slack_id = people.slack_id(role.person)
  if not slack_id or knows(role) then return end
  local text = words(incident, conversation, role, is_first)
  local _, err = client.call("chat.postMessage", {
    channel = slack_id, text = text, blocks = { blocks.section(text) }, unfurl_links = false,
  })
  if err and err.retryable and not err.unknown then return err end
  remember(role)
  if err then log.info("a role's holder was not told: " .. tostring(err), { incident = incident.id }) end
end

local function tell_holders(ctx, incident, conversation, event)
  if ctx.unknown then return end
  local is_first, given, told = event.kind == "conversation.ready", {}, ctx.progress.told or {}
  for _, one in ipairs(event.added or {}) do given[one.slug .. " " .. one.person_id] = true end
  for _, role in ipairs(incident.roles) do
    local is_authors = is_first and role.person.id == incident.created_by.id
    local is_due = is_first or given[role.slug .. " " .. role.person.id]
    if is_due and not told[key_of(role)] then
      local err = tell(incident, conversation, role, is_authors)
      if err then return nil, err end
      told[key_of(role)] = true
      ctx:note { told = told }
    end
  end
end

return step.unit {
  about = "Tells people what their role asks of them", events = { "conversation.ready", "roles.assigned" }, order = 40,
  run = tell_holders,
}
