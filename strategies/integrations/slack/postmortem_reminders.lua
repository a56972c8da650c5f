-- postmortem_reminders: a critical incident that was mitigated days ago and is still not closed asks in its channel for
-- what is left, and in the shared channel where it was announced; again after as long (slack.postmortem_reminder). The
-- last question stands there, and none of those before it.
local config = require "engine.config"
local incidents = require "engine.incidents"
local jobs = require "engine.jobs"
local time = require "engine.time"
local blocks = require "slack.blocks"
local documents = require "slack.documents"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local rules = require "slack.rules"
local status = require "incident_status"

local KIND = "ff_incident_postmortem_reminder_5days"
local PAGE = 100

-- How many spans have gone by since the mitigation: one reminder for each; 0: it is not due.
local function spans_of(incident, now_ms)
  local channel = incident.conversation
  if incident.is_ignored or not incident.priority.needs_postmortem or not incident.mitigated_at_ms then return 0 end
  if not channel or channel.platform ~= "slack" or channel.status == "archived" then return 0 end
  return (now_ms - incident.mitigated_at_ms) // config.slack.postmortem_reminder
end

local function plan(incident, now_ms)
  local count = spans_of(incident, now_ms)
  if count < 1 then return true end
  return jobs.enqueue {
    handler = "integrations/slack/postmortem_reminders:remind", incident_id = incident.id,
    args = { incident_id = incident.id },
    key = ("slack.postmortem_reminder:%d:%d:%d"):format(incident.id, incident.mitigated_at_ms, count),
  }
end

local function look(_)
  if config.slack.postmortem_reminder <= 0 then return end
  local now_ms, before_id = time.now_ms(), nil
  repeat
    local rows, err = incidents.list {
      status_in = { status.MITIGATED, status.POSTMORTEM }, limit = PAGE, before_id = before_id, order = "newest",
    }
    if not rows then return nil, err end
    for _, incident in ipairs(rows) do
      local planned, problem = plan(incident, now_ms)
      if not planned then return nil, problem end
      before_id = incident.id
    end
  until #rows < PAGE
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

-- Said only while it is still true.
local function remind(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  local is_waiting = incident.status == status.MITIGATED or incident.status == status.POSTMORTEM
  if not is_waiting or spans_of(incident, time.now_ms()) < 1 then return end
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

return {
  about = "Asks for post-mortems that are overdue",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.send_postmortem_reminders"] = { about = "Asks for post-mortems that are overdue", run = look },
  },
  jobs = { remind = remind },
}
