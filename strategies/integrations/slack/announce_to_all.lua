-- announce_to_all: critical incidents in production are told in the shared channel tagged
-- `tech_incidents`. Private ones never are.
local log = require "engine.log"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"
local step = require "slack.step"

local TAG = "tech_incidents"

local function content(incident, conversation)
  return {
    blocks.section(("%s *%s*\nin <#%s>"):format(incident_text.priority(incident.priority),
      incident_text.headline(incident), conversation.external_id)),
    blocks.section(blocks.quote(incident.description, 1200)),
    blocks.fields(incident_text.facts(incident)),
  }
end

local function announce_to_all(ctx, incident, conversation)
  if not rules.is_announced(incident) then return end
  local shared, err = message.tagged_conversation(TAG)
  if err then return nil, err end
  if not shared then
    log.warn("no conversation has the tag " .. TAG .. ": not announced to all", {
      incident = incident.id,
    })
    return
  end
  return message.send(ctx, {
    conversation = shared, incident = incident, kind = "ff_general_incident_declared",
    blocks = content(incident, conversation),
    text = ("%s %s in <#%s>"):format(incident_text.priority(incident.priority),
      incident_text.headline(incident),
      conversation.external_id),
  })
end

return step.unit {
  about = "Announces an incident in the shared channel", order = 50, run = announce_to_all,
}
