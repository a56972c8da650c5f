-- status_message: what an update says, told in the channel, and in the shared channel when a public
-- critical incident in production changes.
local updates = require "engine.updates"
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local people = require "slack.people"
local rules = require "slack.rules"
local step = require "slack.step"

local KIND = "ff_incident_status_updated"
local TOLD_TO_ALL = { status = true, priority = true, category = true }

local function set_of(fields)
  local set = {}
  for _, field in ipairs(fields or {}) do set[field] = true end
  return set
end

-- Name and value of what changed.
local function changes(incident, changed)
  local list = {}
  local function add(name, value) list[#list + 1] = { name, value } end
  if changed.status then add("Status", blocks.escape(incident.status_label)) end
  if changed.priority then add("Priority", incident_text.priority(incident.priority)) end
  if changed.category then add("Category", incident_text.category(incident.category)) end
  if changed.environment then add("Environment", blocks.escape(incident.environment.name, 100)) end
  if changed.title then add("Title", blocks.escape(blocks.line(incident.title), 300)) end
  if changed.description then add("Description", "was rewritten: " .. incident_text.page_link(incident)) end
  return list
end

local function buttons(incident)
  local value = tostring(incident.id)
  return blocks.actions("message_status_update", {
    blocks.button { action_id = "open_modal_incident_update_status", label = "Update", value = value },
    blocks.button { action_id = "open_modal_incident_key_events", label = "Key events", value = value },
    blocks.button { action_id = "close_incident", label = "Close", value = value },
  })
end

local function content(incident, update, changed, where)
  local list = { blocks.section(("%s *%s*%s"):format(incident_text.priority(incident.priority),
    incident_text.headline(incident), where or "")) }
  local fields = changes(incident, changed)
  if #fields > 0 then list[#list + 1] = blocks.fields(fields) end
  if update.message and update.message ~= "" then
    list[#list + 1] = blocks.section(blocks.quote(update.message))
  end
  list[#list + 1] = blocks.context(("%s, %s"):format(people.mention(update.created_by),
    incident_text.moment(update.event_at_ms)))
  if not where and incident.status ~= status.CLOSED then list[#list + 1] = buttons(incident) end
  return list
end

local function said(incident, conversation, update, list)
  return {
    conversation = conversation, incident = incident, kind = KIND, update_id = update.id, blocks = list,
    text = ("%s is %s"):format(incident_text.headline(incident), blocks.escape(incident.status_label)),
  }
end

local function send(ctx, incident, conversation, update, list)
  return message.send(ctx, said(incident, conversation, update, list))
end

local function is_for_all(incident, changed)
  if not rules.is_announced(incident) then return false end
  for field in pairs(TOLD_TO_ALL) do
    if changed[field] then return true end
  end
  return false
end

local function tell(ctx, incident, conversation, event)
  local update, err = updates.get { id = event.update_id }
  if not update then
    if err.code == "not_found" then return end
    return nil, err
  end
  local changed = set_of(event.updated_fields)
  local sent, problem = send(ctx, incident, conversation, update, content(incident, update, changed))
  if not sent then return nil, problem end
  if not is_for_all(incident, changed) then return true end
  local shared, refusal = message.tagged_conversation "tech_incidents"
  if not shared then return refusal and nil or true, refusal end
  local where = (" in <#%s>"):format(conversation.external_id)
  return send(ctx, incident, shared, update, content(incident, update, changed, where))
end

-- A record that follows the message it was made from is only ever told in the incident's channel.
local function follow(_, incident, conversation, event)
  local update, err = updates.get { id = event.update_id }
  if not update then
    if err.code == "not_found" then return end
    return nil, err
  end
  local is_there, problem = message.edit(said(incident, conversation, update,
    content(incident, update, {})))
  return is_there ~= nil or nil, problem
end

local function take_away(_, incident, conversation, event)
  return message.take_away {
    conversation = conversation, incident = incident, kind = KIND, update_id = event.update_id,
  }
end

local RUN = { ["incident.updated"] = tell, ["update.edited"] = follow, ["update.deleted"] = take_away }

return step.unit {
  about = "Tells what an update changed, and follows it",
  events = { "incident.updated", "update.edited", "update.deleted" }, order = 40,
  run = function(ctx, incident, conversation, event)
    return RUN[event.kind](ctx, incident, conversation, event)
  end,
}
