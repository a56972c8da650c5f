-- off_hours: outside office hours those who could help may sleep: the new channel is told how to call them. Nothing
-- where nobody is declared who could be called (slack.sos).
local config = require "engine.config"
local time = require "engine.time"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local office_hours = require "slack.office_hours"
local step = require "slack.step"

local KIND = "ff_incident_during_off_hours"
local MOST_NAMES = 20

local function names()
  local list = {}
  for i, sos in ipairs(config.slack.sos) do
    if i <= MOST_NAMES then list[i] = "*" .. blocks.escape(sos.name, 75) .. "*" end
  end
  return table.concat(list, ", ")
end

local function tell(ctx, incident, conversation)
  if office_hours.is_open(time.now_ms()) then return end
  local words = ":crescent_moon: It is outside office hours: who could help may not see this. These can be called: "
    .. names() .. "."
  return message.send(ctx, {
    conversation = conversation, incident = incident, kind = KIND,
    text = "Outside office hours: " .. incident_text.headline(incident),
    blocks = { blocks.section(words), blocks.actions("off_hours", { blocks.button {
      action_id = "open_modal_incident_send_sos", label = "Call for help", style = "danger",
      value = tostring(incident.id),
    } }) },
  })
end

return step.unit {
  about = "Says outside office hours how to call for help", event = "conversation.ready", order = 25, run = tell,
  enabled = function(slack) return #slack.sos > 0 end,
}
