-- postmortem_reminders: a critical incident that was mitigated days ago and is still not closed asks in its channel for
-- what is left, and in the shared channel where it was announced; again after as long (slack.postmortem_reminder). The
-- last question stands there, and none of those before it.
local config = require "engine.config"
local incidents = require "engine.incidents"
local time = require "engine.time"
local status = require "incident_status"
local blocks = require "slack.blocks"
local documents = require "slack.documents"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local reminder = require "slack.reminder"
local rules = require "slack.rules"

local KIND = "ff_incident_postmortem_reminder_5days"
local REMIND = "integrations/slack/postmortem_reminders:remind"
local WAITING = { status.MITIGATED, status.POSTMORTEM }

-- Which span since the mitigation is over; nil: it is not due.
local function span_of(incident, now_ms)
  local every_ms = config.slack.postmortem_reminder
  if every_ms <= 0 or incident.is_ignored or not incident.priority.needs_postmortem then return nil end
  if not incident.mitigated_at_ms or not reminder.channel_of(incident) then return nil end
  local count = (now_ms - incident.mitigated_at_ms) // every_ms
  return count >= 1 and ("%d_%d"):format(incident.mitigated_at_ms, count) or nil
end

local function look(_)
  if config.slack.postmortem_reminder <= 0 then return end
  local now_ms = time.now_ms()
  return reminder.look(REMIND, { status_in = WAITING }, function(incident) return span_of(incident, now_ms) end)
end

-- ---- what is said

local function standing(incident, found)
  local since = incident_text.moment(incident.mitigated_at_ms)
  if #found == 0 then
    return ("*%s* was mitigated %s, and there is no post-mortem yet."):format(incident_text.headline(incident), since)
  end
  return ("*%s* was mitigated %s and is not closed yet. Its post-mortem:\n%s"):format(
    incident_text.headline(incident), since, documents.lines(found))
end

local function in_channel(incident, found)
  local value = tostring(incident.id)
  local list = { blocks.header("Is the post-mortem done?"), blocks.section(standing(incident, found)) }
  local guide = config.slack.help.postmortem
  if guide then list[#list + 1] = blocks.context("How to write one: " .. blocks.link(guide, "our guide")) end
  list[#list + 1] = blocks.actions("postmortem_reminder", {
    blocks.button {
      action_id = "open_modal_create_postmortem", label = "Post-mortem", value = value, style = "primary",
    },
    blocks.button { action_id = "open_modal_incident_update_status", label = "Update status", value = value },
    blocks.button { action_id = "close_incident", label = "Close", value = value },
  })
  return list
end

local function tell_all(ctx, incident, found)
  if not rules.is_announced(incident) then return true end
  local shared, err = message.tagged_conversation "tech_incidents"
  if not shared then return not err or nil, err end
  local where = ("\nIt is worked on in <#%s>."):format(incident.conversation.external_id)
  return message.replace(ctx, {
    conversation = shared, incident = incident, kind = KIND .. "_announcement",
    text = "The post-mortem of " .. incident_text.headline(incident) .. " is overdue",
    blocks = { blocks.section(incident_text.priority(incident.priority) .. " " .. standing(incident, found) .. where) },
  })
end

local function ask(ctx, incident)
  local found, unread = documents.of(incident.id, "postmortem")
  if not found then return nil, unread end
  local said, problem = message.replace(ctx, {
    conversation = incident.conversation, incident = incident, kind = KIND,
    text = "Is the post-mortem of " .. incident_text.headline(incident) .. " done?",
    blocks = in_channel(incident, found),
  })
  if not said then return nil, problem end
  return tell_all(ctx, incident, found)
end

-- Said only while it is still true.
local function remind(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  local is_waiting = incident.status == status.MITIGATED or incident.status == status.POSTMORTEM
  if not is_waiting or not span_of(incident, time.now_ms()) then return end
  return reminder.ask({
    handler = REMIND, incident = incident, span = args.span, every_ms = config.slack.postmortem_reminder,
  }, function() return ask(ctx, incident) end)
end

return {
  about = "Asks for post-mortems that are overdue",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.send_postmortem_reminders"] = { about = "Asks for post-mortems that are overdue", run = look },
  },
  jobs = { remind = remind },
}
