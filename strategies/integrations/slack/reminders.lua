-- reminders: an incident of which nobody has heard for longer than its priority allows asks in its own
-- channel what is going on; again after each such time, in office hours, unless somebody snoozes it. The
-- last question stands there, and none of those before it.
local incidents = require "engine.incidents"
local store = require "engine.store"
local time = require "engine.time"
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local office_hours = require "slack.office_hours"
local reminder = require "slack.reminder"
local snooze = require "slack.snooze"

local KIND = "ff_incident_update_reminder"
local REMIND = "integrations/slack/reminders:remind"
local CRITICAL_AT_MOST = 3

-- Which silence is over, of those that are spoken of.
local function silence_of(incident, now_ms)
  local allowed_ms = incident.priority.reminder_time_ms
  if incident.is_ignored or allowed_ms <= 0 or not reminder.channel_of(incident) then return nil end
  local count = (now_ms - incident.updated_at_ms) // allowed_ms
  if count < 1 or store.get(snooze.SCOPE, tostring(incident.id)) then return nil end
  return ("%d_%d"):format(incident.updated_at_ms, count)
end

local function look(_)
  local now_ms = time.now_ms()
  if not office_hours.is_open(now_ms) then return end
  return reminder.look(REMIND, {
    status_below = status.POSTMORTEM, priority_value_at_most = CRITICAL_AT_MOST,
  }, function(incident) return silence_of(incident, now_ms) end)
end

local function content(incident)
  local value = tostring(incident.id)
  return {
    blocks.header("How is it going?"),
    blocks.section(("Nothing was said about *%s* since %s. It is %s."):format(incident_text.headline(incident),
      incident_text.moment(incident.updated_at_ms), blocks.escape(incident.status_label))),
    blocks.actions("reminder", {
      blocks.button {
        action_id = "open_modal_incident_update_status", label = "Update", value = value, style = "primary",
      },
      blocks.button { action_id = snooze.ACTION, label = "Not for " .. snooze.WORDS, value = value },
    }),
  }
end

-- Said only while it is still true.
local function remind(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  local is_stale = args.span:match "^%d+" == tostring(incident.updated_at_ms)
  if not is_stale or incident.status >= status.POSTMORTEM or not reminder.channel_of(incident) then return end
  return reminder.ask({
    handler = REMIND, incident = incident, span = args.span, every_ms = incident.priority.reminder_time_ms,
  }, function()
    return message.replace(ctx, {
      conversation = incident.conversation, incident = incident, kind = KIND,
      blocks = content(incident), text = "How is " .. incident_text.headline(incident) .. " going?",
    })
  end)
end

return {
  about = "Asks for news of incidents of which nobody has heard",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.send_reminders"] = { about = "Asks for news where there was none for long", run = look },
  },
  jobs = { remind = remind },
}
