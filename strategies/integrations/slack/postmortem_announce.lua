-- postmortem_announce: whoever reads of critical incidents in the shared channel reads of their post-mortems there too.
local blocks = require "slack.blocks"
local documents = require "slack.documents"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"
local step = require "slack.step"

local function tell(ctx, incident, conversation)
  if not rules.is_announced(incident) or not incident.priority.needs_postmortem then return end
  local shared, err = message.tagged_conversation "tech_incidents"
  if not shared then return nil, err end
  local found, unread = documents.of(incident.id, "postmortem")
  if not found then return nil, unread end
  if #found == 0 then return end
  local words = ("%s *%s* in <#%s> has a post-mortem:"):format(incident_text.priority(incident.priority),
    incident_text.headline(incident), conversation.external_id)
  return message.send(ctx, {
    conversation = shared, incident = incident, kind = "ff_incident_postmortem_created_announcement",
    text = words, blocks = { blocks.section(words .. "\n" .. documents.lines(found)) },
  })
end

return step.unit {
  about = "Announces a post-mortem in the shared channel", event = "postmortem.created", order = 50, run = tell,
}
