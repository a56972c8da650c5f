-- reminders: an incident of which nobody has heard for longer than its priority allows asks in its own
-- channel what is going on; again after each such time, in office hours, unless somebody snoozes it. The
-- last question stands there, and none of those before it.
local incidents = require "engine.incidents"
local jobs = require "engine.jobs"
local store = require "engine.store"
local time = require "engine.time"
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local office_hours = require "slack.office_hours"
local snooze = require "slack.snooze"

local KIND = "ff_incident_update_reminder"
local CRITICAL_AT_MOST = 3
local PAGE = 100

-- Which silence this is: one reminder for each; nil while it is short, or not to be spoken of.
local function silence_of(incident, now_ms)
  local channel, allowed = incident.conversation, incident.priority.reminder_time_ms
  if incident.is_ignored or allowed <= 0 then return nil end
  if not channel or channel.platform ~= "slack" or channel.status == "archived" then return nil end
  local count = (now_ms - incident.updated_at_ms) // allowed
  if count < 1 then return nil end
  return ("%d_%d"):format(incident.updated_at_ms, count)
end

local function plan(incident, now_ms)
  local silence = silence_of(incident, now_ms)
  if not silence or store.get(snooze.SCOPE, tostring(incident.id)) then return true end
  return jobs.enqueue {
    handler = "integrations/slack/reminders:remind", incident_id = incident.id,
    args = { incident_id = incident.id, silence = silence },
    key = ("slack.reminder:%d:%s"):format(incident.id, silence),
  }
end

local function look(_)
  local now_ms, before_id = time.now_ms(), nil
  if not office_hours.is_open(now_ms) then return end
  repeat
    local rows, err = incidents.list {
      status_below = status.POSTMORTEM, priority_value_at_most = CRITICAL_AT_MOST, limit = PAGE,
      before_id = before_id, order = "newest",
    }
    if not rows then return nil, err end
    for _, incident in ipairs(rows) do
      local planned, problem = plan(incident, now_ms)
      if not planned then return nil, problem end
      before_id = incident.id
    end
  until #rows < PAGE
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
  local is_stale = args.silence:match "^%d+" == tostring(incident.updated_at_ms)
  if not is_stale or incident.status >= status.POSTMORTEM or not incident.conversation then return end
  return message.replace(ctx, {
    conversation = incident.conversation, incident = incident, kind = KIND,
    blocks = content(incident), text = "How is " .. incident_text.headline(incident) .. " going?",
  })
end

return {
  about = "Asks for news of incidents of which nobody has heard",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.send_reminders"] = { about = "Asks for news where there was none for long", run = look },
  },
  jobs = { remind = remind },
}
