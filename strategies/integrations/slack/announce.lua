-- announce: the first message of the channel, pinned: what happened, how bad, whose.
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local people = require "slack.people"
local step = require "slack.step"

local function content(incident)
  local list = {
    blocks.header(incident.priority.emoji .. " " .. incident_text.title(incident)),
    blocks.section(blocks.quote(incident.description)),
    blocks.fields(incident_text.facts(incident)),
  }
  local impacts = incident_text.impacts(incident)
  if impacts ~= "" then
    list[#list + 1] = blocks.divider()
    list[#list + 1] = blocks.section(impacts)
  end
  list[#list + 1] = blocks.context("Should be over within "
    .. incident_text.target(incident.priority)
    .. ". Say here what you see and what you try.")
  return list
end

return step.unit {
  about = "Announces an incident in its channel and pins the announcement",
  order = 40,
  run = function(ctx, incident, conversation)
    return message.send(ctx, {
      conversation = conversation, incident = incident, kind = "ff_incident_declared",
      is_pinned = true,
      blocks = content(incident),
      text = ("%s %s, declared by %s"):format(incident_text.priority(incident.priority),
        incident_text.headline(incident),
        people.mention(incident.created_by)),
    })
  end,
}
