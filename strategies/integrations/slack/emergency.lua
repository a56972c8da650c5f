-- emergency: in the channel of a P1 in production stands how the company is told: the operator's guide, and the group
-- that speaks for it. Nothing where neither is configured (slack.emergency).
local config = require "engine.config"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"
local step = require "slack.step"
local usergroup = require "slack.usergroup"

local KIND = "ff_incident_com_process"

local function content(emergency)
  local lines = {}
  if emergency.guide then
    lines[1] = "\u{2022} " .. blocks.link(emergency.guide, "How we speak about an emergency")
  end
  if emergency.usergroup then
    local group = usergroup.mention(emergency.usergroup) or blocks.escape(emergency.usergroup, 100)
    lines[#lines + 1] = ("\u{2022} %s: please take over what is said outside this channel."):format(group)
  end
  return { blocks.header("This is an emergency"), blocks.section(table.concat(lines, "\n")) }
end

local function tell(ctx, incident, conversation)
  if not rules.is_emergency(incident) then return end
  return message.send(ctx, {
    conversation = conversation, incident = incident, kind = KIND, blocks = content(config.slack.emergency),
    text = "Emergency communication for " .. incident_text.headline(incident),
  })
end

return step.unit {
  about = "Says how the company is told of a P1 in production",
  events = { "conversation.ready", "incident.updated" }, order = 15, run = tell,
  enabled = function(slack) return slack.emergency.guide ~= nil or slack.emergency.usergroup ~= nil end,
  touching = { ["incident.updated"] = { "priority", "environment" } },
}
