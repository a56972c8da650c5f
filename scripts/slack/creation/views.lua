-- views: the four modals of a declaration. They only draw; flow.lua knows what happens.
-- Context: catalogue, draft, priority (nil until an impact is chosen), response_type.
local config = require "engine.config"
local time = require "engine.time"
local blocks = require "slack.blocks"
local choices = require "slack.choices"
local footer = require "slack.footer"
local catalogue_of = require "slack.creation.catalogue"
local draft_of = require "slack.creation.draft"
local form = require "slack.creation.form"
local incident_text = require "slack.incident_text"
local office_hours = require "slack.office_hours"
local view = require "slack.view"

local M = {}

local function description_lines(level)
  local lines = {}
  for line in (level.description or ""):gmatch("[^\n]+") do
    local words = line:gsub("^[%s%-]+", ""):gsub("%s+$", "")
    if words ~= "" then lines[#lines + 1] = "      \u{2022} " .. blocks.escape(words, 200) end
  end
  return lines
end

local function impact_lines(context)
  local lines = {}
  for _, impact_type in ipairs(context.catalogue.impacts) do
    local level = catalogue_of.level_of(context.draft, impact_type)
    if level and level.value ~= "NO" then
      lines[#lines + 1] = blocks.escape(("%s %s: %s"):format(impact_type.emoji, impact_type.name,
        level.name), 200)
      table.move(description_lines(level), 1, 20, #lines + 1, lines)
    end
  end
  return table.concat(lines, "\n")
end

-- What the chosen impacts lead to.
local function append_outcome(list, context)
  local priority = context.priority
  local process = context.response_type == "critical"
    and "a channel of its own, and the right people in it"
    or "no channel; it is tracked on its page"
  list[#list + 1] = blocks.context(
    ("*%s* %s"):format(incident_text.priority(priority), blocks.escape(priority.description, 300)),
    "Should be over within " .. incident_text.target(priority),
    "Brings " .. process)
  local chosen = impact_lines(context)
  if chosen ~= "" then list[#list + 1] = blocks.context(chosen) end
  if context.response_type == "critical" then
    local words = ":rotating_light: Critical incidents are for emergencies: people are called in."
    local guide = config.slack.help.severity
    if guide then words = words .. " " .. blocks.link(guide, "How to choose") end
    list[#list + 1] = blocks.context(words)
  end
end

local function append_recent(list, count)
  if count == 0 then return end
  local words = "*One critical incident* was declared within the last hour. Is it yours?"
  if count > 1 then
    words = "*%d critical incidents* were declared within the last hour. Is one of them yours?"
  end
  local button = blocks.button { action_id = "push_check_current_incidents", label = "Look at them" }
  list[#list + 1] = blocks.section(":eyes: " .. words:format(count), button, "recent_incidents")
end

-- Somebody who saved the impacts and chose none would else see what they saw before.
local function impact_text(context)
  if not context.priority and next(context.draft.impacts) then
    return "Nobody feels it so far, which makes it no incident: choose at least one impact."
  end
  return "Who feels it, and how much? The priority follows from it."
end

local function append_step(list, step)
  local mark = step.is_done and ":white_check_mark:" or ":black_square_button:"
  list[#list + 1] = blocks.section(mark .. " *" .. step.title .. "*\n" .. step.text)
  list[#list + 1] = blocks.actions(step.block_id, {
    blocks.button {
      action_id = step.action_id, label = step.is_done and step.edit or step.label,
      value = step.value,
      style = not step.is_done and "primary" or nil,
    },
  })
end

local function channel_line(estimate)
  local who = "the people concerned"
  if estimate then who = ("about *%d* %s"):format(estimate, estimate == 1 and "person" or "people") end
  return ":speech_balloon: A Slack channel will be opened and " .. who .. " invited."
end

local function append_summary(list, context, estimate)
  local lines = {}
  if context.response_type == "critical" then
    lines[1] = channel_line(estimate)
    if not office_hours.is_open(time.now_ms()) then
      lines[2] = ":crescent_moon: It is outside office hours: who is on call is invited too."
    end
  else
    lines[1] = ":memo: The incident gets its page; no channel is opened."
  end
  list[#list + 1] = blocks.divider()
  list[#list + 1] = blocks.section("*Nearly there.* Read it once more, then create the incident.\n"
    .. table.concat(lines, "\n"))
end

local function details_text(context)
  local details = context.details
  if not details then return "What happened, where, and since when." end
  local category = form.category_of(context, details)
  local lock = category and category.is_private and ":lock: " or ""
  return blocks.escape(details.title, 300) .. "\n" .. lock
    .. (category and incident_text.category(category) or "")
end

--- The root: where the declaration stands and what comes next. It can be submitted when
--- `context.details` is good.
---@param context table
---@param more? { recent?: integer, problem?: string, estimate?: integer }
function M.root(context, more)
  more = more or {}
  local guide = config.slack.help.incident
  local list = {
    blocks.section("Declare an incident in two steps: how bad it is, then what it is."
      .. (guide and " " .. blocks.link(guide, "How we handle incidents") or "")),
  }
  if more.problem then
    table.insert(list, 1, blocks.section(":warning: " .. blocks.escape(more.problem, 1000)))
  end
  append_recent(list, more.recent or 0)
  list[#list + 1] = blocks.divider()
  append_step(list, {
    title = "Impact", text = impact_text(context),
    is_done = context.priority ~= nil,
    label = "Set impacts", edit = "Edit impacts", action_id = "push_incident_select_impact",
    block_id = "step_impact",
    value = context.draft.key,
  })
  if context.priority then
    append_outcome(list, context)
    append_step(list, {
      title = "Details", text = details_text(context), is_done = context.details ~= nil,
      label = "Set details",
      edit = "Edit details", action_id = "push_incident_unified", block_id = "step_details",
      value = context.draft.key,
    })
  end
  local can_submit = context.priority and context.details
  if can_submit then append_summary(list, context, more.estimate) end
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = "incident_open", title = "Create an incident", close = "Cancel", blocks = list,
    submit = can_submit and "Create the incident" or nil,
    metadata = draft_of.metadata(context.draft),
  }
end

local function level_options(impact_type)
  local levels = table.move(impact_type.levels, 1, #impact_type.levels, 1, {})
  table.sort(levels, function(a, b) return (a.position or 0) > (b.position or 0) end)
  local options = {}
  for i, level in ipairs(levels) do
    options[i] = blocks.option((level.emoji .. " " .. level.name):gsub("^ ", ""),
      tostring(level.id))
  end
  return options
end

--- Impacts: one select a type; each choice is sent at once, so that the priority can be shown.
function M.impacts(context)
  local list = {
    blocks.section("For each group of people, choose what fits best. Leave the rest at \"none\"."),
  }
  for _, impact_type in ipairs(context.catalogue.impacts) do
    local name = "set_impact_type_" .. impact_type.value
    local level = catalogue_of.level_of(context.draft, impact_type)
      or catalogue_of.no_level(impact_type)
    list[#list + 1] = blocks.input {
      block_id = name, label = impact_type.emoji .. " " .. impact_type.name,
      hint = impact_type.help_text or impact_type.help,
      dispatch = true,
      element = blocks.select {
        action_id = name, options = level_options(impact_type),
        initial = level and tostring(level.id),
      },
    }
  end
  if context.priority then
    list[#list + 1] = blocks.divider()
    append_outcome(list, context)
  end
  return view.modal {
    callback_id = "incident_select_impact", title = "Incident impact", submit = "Save impacts",
    close = "Back", blocks = list,
    metadata = draft_of.metadata(context.draft),
  }
end

local ELEMENTS = {}

function ELEMENTS.text(field, value)
  return blocks.text_input {
    action_id = field.name, min = field.min, max = field.max,
    initial = value ~= "" and value or nil,
  }
end

function ELEMENTS.flag(field, value)
  return blocks.checkbox { action_id = field.name, label = "Yes", initial = value }
end

function ELEMENTS.choice(field, value)
  return choices.select { action_id = field.name, options = choices.listed(field.choices()), initial = value }
end

function ELEMENTS.list(field, value)
  local options = choices.listed(field.choices())
  return choices.select {
    action_id = field.name, options = options, initial = value or { options[1].value }, is_multi = true,
  }
end

local function extra_inputs(list, context, given)
  for _, field in ipairs(form.extra_fields(context)) do
    list[#list + 1] = blocks.input {
      block_id = field.name, label = field.label, optional = not field.is_required,
      hint = field.hint,
      element = ELEMENTS[field.kind](field, given[field.name]),
    }
  end
end

--- Details: what it is and where.
function M.details(context)
  local given = context.draft.details or {}
  local environments, defaults = choices.environments(context.catalogue)
  local list = {
    blocks.input {
      block_id = "incident_category", label = "Category",
      hint = "A lock marks private ones: only invited people see them.",
      element = choices.category_select(context.catalogue, given.incident_category),
    },
    blocks.input {
      block_id = "environment", label = "Environments",
      element = choices.select {
        action_id = "environment", options = environments, initial = given.environment or defaults, is_multi = true,
      },
    },
    blocks.input {
      block_id = "title", label = "Title", hint = "One line that a stranger understands.",
      element = blocks.text_input {
        action_id = "title", min = form.TITLE.min, max = form.TITLE.max, initial = given.title,
      },
    },
    blocks.input {
      block_id = "description", label = "Description",
      hint = "What is seen, since when, and what was tried.",
      element = blocks.text_input {
        action_id = "description", min = form.DESCRIPTION.min, max = form.DESCRIPTION.max,
        multiline = true,
        initial = given.description,
      },
    },
  }
  extra_inputs(list, context, given)
  return view.modal {
    callback_id = "open_incident_unified", title = "Incident details", submit = "Save details",
    close = "Back", blocks = list,
    metadata = draft_of.metadata(context.draft),
  }
end

local function recent_row(incident)
  local words = ("*%s* %s\n%s \u{00B7} %s \u{00B7} %s"):format(incident_text.priority(incident.priority),
    incident_text.headline(incident), blocks.escape(incident.status_label),
    incident_text.moment(incident.created_at_ms),
    incident_text.page_link(incident))
  local channel = incident.conversation
  if channel then words = words .. " \u{00B7} <#" .. channel.external_id .. ">" end
  return blocks.section(words)
end

--- Critical incidents of the last hour.
function M.recent(incidents)
  local list = {}
  for i, incident in ipairs(incidents) do list[i] = recent_row(incident) end
  if #list == 0 then
    list[1] = blocks.section("No critical incident was declared within the last hour.")
  end
  return view.modal {
    callback_id = "check_current_incidents", title = "Critical incidents", close = "Back",
    blocks = list,
  }
end

return M
