-- postmortem_created: where it is written what we learn from an incident, pinned in its channel and kept true.
local config = require "engine.config"
local blocks = require "slack.blocks"
local documents = require "slack.documents"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local step = require "slack.step"

local KIND = "ff_incident_postmortem_created"

local function content(incident, found)
  local list = {
    blocks.header("Post-mortem"),
    blocks.section(#found > 0 and documents.lines(found) or "There is none any more."),
  }
  local guide = config.slack.help.postmortem
  if guide then list[#list + 1] = blocks.context("How to write one: " .. blocks.link(guide, "our guide")) end
  list[#list + 1] = blocks.actions("postmortem", { blocks.button {
    action_id = "open_modal_create_postmortem", label = "Change", value = tostring(incident.id),
  } })
  return list
end

local function tell(ctx, incident, conversation)
  local found, err = documents.of(incident.id, "postmortem")
  if not found then return nil, err end
  local said = {
    conversation = conversation, incident = incident, kind = KIND, is_pinned = true, blocks = content(incident, found),
    text = "There is a post-mortem of " .. incident_text.headline(incident),
  }
  local is_there, problem = message.edit(said)
  if is_there == nil then return nil, problem end
  if is_there or #found == 0 then return end
  return message.send(ctx, said)
end

return step.unit {
  about = "Says in the channel where the post-mortem is",
  events = { "postmortem.created", "records.changed" }, order = 40, run = tell,
  touching = { ["records.changed"] = { "attachments" } },
}
