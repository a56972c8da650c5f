-- role_assigned: whoever was given a role by somebody else is told what it asks of them. A courtesy:
-- sent at most once, and never a reason to fail.
local log = require "engine.log"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local step = require "slack.step"

local function words(incident, conversation, role)
  local text = ("%s You are now *%s* of *%s* in <#%s>."):format(role.emoji, blocks.escape(role.name, 100),
    incident_text.headline(incident), conversation.external_id)
  if role.summary and role.summary ~= "" then text = text .. "\n" .. blocks.quote(role.summary, 1000) end
  return text
end

local function tell(incident, conversation, role)
  local slack_id = people.slack_id(role.person)
  if not slack_id then return end
  local text = words(incident, conversation, role)
  local _, err = client.call("chat.postMessage", {
    channel = slack_id, text = text, blocks = { blocks.section(text) }, unfurl_links = false,
  })
  if err then log.info("a role's holder was not told: " .. tostring(err), { incident = incident.id }) end
end

local function tell_holders(ctx, incident, conversation, event)
  if ctx.unknown then return end
  local given = {}
  for _, one in ipairs(event.added or {}) do given[one.slug .. " " .. one.person_id] = true end
  for _, role in ipairs(incident.roles) do
    if given[role.slug .. " " .. role.person.id] then tell(incident, conversation, role) end
  end
end

return step.unit {
  about = "Tells people what their new role asks of them", event = "roles.assigned", order = 40,
  run = tell_holders,
}
