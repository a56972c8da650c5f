-- next_steps: once an incident is mitigated its channel is told what is left to do until it can be
-- closed. One message, kept true: it changes in place as key events come in.
local incidents = require "engine.incidents"
local status = require "incident_status"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local step = require "slack.step"

local KIND = "ff_incident_fixed_next_actions"
local MAX_SHOWN = 10
local KEY_EVENTS_MISSING = "MISSING_REQUIRED_KEY_EVENTS"   -- the reason that has a list of its own

local function list_of(rows, word)
  local lines = {}
  for i = 1, math.min(#rows, MAX_SHOWN) do lines[i] = "\u{2022} " .. blocks.escape(rows[i][word], 300) end
  if #rows > MAX_SHOWN then lines[#lines + 1] = ("and %d more"):format(#rows - MAX_SHOWN) end
  return table.concat(lines, "\n")
end

local function missing(state)
  local list = {}
  if #state.missing_key_events > 0 then
    list[#list + 1] = blocks.section("*Say when this was:*\n" .. list_of(state.missing_key_events, "name"))
  end
  local others = {}
  for _, reason in ipairs(state.reasons) do
    if reason.code ~= KEY_EVENTS_MISSING then others[#others + 1] = reason end
  end
  if #others > 0 then
    list[#list + 1] = blocks.section("*It cannot be closed yet:*\n" .. list_of(others, "text"))
  end
  return list
end

local function buttons(incident, can_be_closed)
  local value = tostring(incident.id)
  local list = { blocks.button {
    action_id = "open_modal_incident_key_events", label = "Key events", value = value,
  } }
  if can_be_closed then
    list[2] = blocks.button {
      action_id = "close_incident", label = "Close", value = value, style = "primary",
    }
  end
  return blocks.actions("next_steps", list)
end

local function content(incident, state)
  local list = {
    blocks.header(incident.status == status.CLOSED and "All is done" or "What is left to do"),
    blocks.section("*" .. incident_text.headline(incident) .. "* is " .. blocks.escape(incident.status_label) .. "."),
  }
  if incident.status == status.CLOSED then return list end
  if state.can_be_closed then
    list[#list + 1] = blocks.section(":white_check_mark: Everything is there: it can be closed.")
  else
    for _, block in ipairs(missing(state)) do list[#list + 1] = block end
  end
  list[#list + 1] = buttons(incident, state.can_be_closed)
  return list
end

local function show(ctx, incident, conversation)
  local state, err = incidents.lifecycle { id = incident.id }
  if not state then return nil, err end
  local said = {
    conversation = conversation, incident = incident, kind = KIND,
    text = "What is left to do for " .. incident_text.headline(incident), blocks = content(incident, state),
  }
  local is_there, problem = message.edit(said)
  if is_there == nil then return nil, problem end
  if is_there or incident.status < status.MITIGATED or incident.status == status.CLOSED then return end
  return message.send(ctx, said)
end

return step.unit {
  about = "Says what is left to do until an incident can be closed",
  events = { "incident.updated", "key_events.updated" }, order = 50, run = show,
  touching = { ["incident.updated"] = { "*" } },
}
