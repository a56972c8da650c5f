-- firefighter: what `dumpdata` of a FireFighter database means here. Pure: `halligan import` reads the
-- file, shows every record to M.note first (what others refer to), then asks M.rows stage by stage,
-- and writes what it answers. Ids and times are kept.
local time = require "engine.time"
local status = require "incident_status"

local M = {}

local PLATFORM = "slack"
local CRITICAL_BELOW = 4
local STATES = { [0] = "not_opened", [1] = "opened", [2] = "archived" }
local TYPES = { [0] = "unknown", [10] = "public", [20] = "private", [30] = "dm", [40] = "group_dm" }

--- The order in which rows are written: what is referred to comes first.
M.stages = {
  "incidents.user", "incidents.priority", "incidents.environment", "incidents.group",
  "incidents.incidentcategory", "incidents.incidentroletype", "incidents.milestonetype",
  "incidents.metrictype", "incidents.impacttype", "incidents.impactlevel",
  "incidents.incidentcosttype", "incidents.incident", "incidents.incidentupdate",
  "incidents.incidentmembership", "incidents.incidentrole", "incidents.incidentimpact",
  "incidents.incidentmetric", "incidents.incidentcost", "taggit.taggeditem", "slack.slackuser",
  "slack.conversation", "slack.usergroup", "pagerduty.pagerdutyoncall", "raid.jiraticket",
  "jira_app.jirapostmortem", "confluence.postmortem",
}

--- Records that give no row of their own, and why.
M.left_out = {
  ["incidents.severity"] = "superseded by the priority there already",
  ["incidents.impact"] = "part of the incident's impacts",
  ["slack.incidentchannel"] = "part of the conversation",
  ["slack.message"] = "messages stay in Slack",
  ["slack.sos"] = "declared in config.lua: slack.sos",
  ["raid.featureteam"] = "declared in config.lua: slack.teams",
  ["jira_app.jiraissue"] = "part of the incident's ticket",
  ["jira_app.jirauser"] = "accounts are matched by e-mail when they are needed",
  ["confluence.confluencepage"] = "part of the incident's post-mortem",
  ["confluence.runbook"] = "runbooks stay in Confluence",
  ["taggit.tag"] = "part of the incident's tags",
  ["authtoken.token"] = "keys are kept as hashes here: make new ones with `halligan key create`",
  ["pagerduty.pagerdutyservice"] = "read from PagerDuty",
  ["pagerduty.pagerdutyteam"] = "read from PagerDuty",
  ["pagerduty.pagerdutyuser"] = "read from PagerDuty",
  ["pagerduty.pagerdutyschedule"] = "read from PagerDuty",
  ["pagerduty.pagerdutyescalationpolicy"] = "part of who is on call",
  ["pagerduty.pagerdutyincident"] = "pages of the past stay in PagerDuty",
  ["django_celery_beat.periodictask"] = "schedules are files in strategies/schedules",
  ["django_celery_beat.crontabschedule"] = "schedules are files in strategies/schedules",
}

-- What records say about each other, by model and key.
local known = {
  tag_name = {}, incident_type = nil, impact = {}, milestone = {}, role = {}, incident = {}, priority = {},
  channel_of = {}, issue = {}, page = {}, policy = {}, on_call_person = {}, closed_at = {},
}

-- ---- values

local function ms(text)
  return text and (assert(time.parse(text, "UTC")))
end

-- "1 02:03:04.567890", as Django writes durations.
local function duration_us(text)
  local sign, rest = text:match "^(%-?)(.*)$"
  local days, clock = rest:match "^(%d+) (.*)$"
  local hours, minutes, seconds, fraction = (clock or rest):match "^(%d+):(%d+):(%d+)%.?(%d*)$"
  local total = (tonumber(days or 0) * 86400 + tonumber(hours) * 3600 + tonumber(minutes) * 60
    + tonumber(seconds)) * 1000000 + tonumber((fraction .. "000000"):sub(1, 6))
  return math.tointeger(sign == "-" and -total or total)
end

local function duration_ms(text)
  return duration_us(text) // 1000
end

-- "12.50", exactly.
local function cents(amount)
  local sign, whole, fraction = amount:match "^(%-?)(%d+)%.?(%d*)$"
  local total = tonumber(whole) * 100 + tonumber((fraction .. "00"):sub(1, 2))
  return math.tointeger(sign == "-" and -total or total)
end

local function filled(text)
  return text ~= "" and text or nil
end

local function full_name(fields)
  if fields.first_name ~= "" and fields.last_name ~= "" then
    return fields.first_name .. " " .. fields.last_name
  end
  return filled(fields.name) or fields.username
end

local function stamped(values, fields)
  values.created_at_ms = ms(fields.created_at)
  values.updated_at_ms = ms(fields.updated_at)
  return values
end

-- ---- the first look

local ticket_url

--- What the operator said. `settings.ticket_url`: what stands before a ticket's key in its address.
function M.begin(settings)
  ticket_url = settings.ticket_url
end

local notes = {
  ["taggit.tag"] = function(pk, f) known.tag_name[pk] = f.name end,
  ["contenttypes.contenttype"] = function(pk, f)
    if f.app_label == "incidents" and f.model == "incident" then known.incident_type = pk end
  end,
  ["incidents.impact"] = function(pk, f) known.impact[pk] = f end,
  ["incidents.milestonetype"] = function(pk, f) known.milestone[pk] = f.event_type end,
  ["incidents.incidentroletype"] = function(pk, f) known.role[pk] = f.slug end,
  ["incidents.priority"] = function(pk, f) known.priority[pk] = f end,
  ["incidents.incident"] = function(pk, f) known.incident[pk] = ms(f.created_at) end,
  ["slack.incidentchannel"] = function(pk, f) known.channel_of[pk] = f.incident end,
  ["jira_app.jiraissue"] = function(pk, f) known.issue[pk] = f end,
  ["confluence.confluencepage"] = function(pk, f) known.page[pk] = f end,
  ["pagerduty.pagerdutyescalationpolicy"] = function(pk, f) known.policy[pk] = f.name end,
  ["pagerduty.pagerdutyuser"] = function(pk, f) known.on_call_person[pk] = f.user end,
  -- The original never wrote when an incident was closed; its history knows.
  ["incidents.incidentupdate"] = function(_, f)
    if f._status == status.CLOSED then
      known.closed_at[f.incident] = math.max(known.closed_at[f.incident] or 0, ms(f.event_ts))
    end
  end,
}

--- Looks at a record before any row is written.
function M.note(model, pk, fields)
  if notes[model] then notes[model](pk, fields) end
end

-- ---- rows

local rows = {}

rows["incidents.user"] = function(pk, f)
  return { { "person", stamped({
    id = pk, username = f.username, email = f.email:lower(), name = full_name(f), first_name = f.first_name,
    last_name = f.last_name, avatar = f.avatar, is_bot = f.bot, is_active = f.is_active,
  }, f) } }
end

rows["incidents.priority"] = function(pk, f)
  return { { "priority", stamped({
    id = pk, name = f.name, value = f.value, emoji = f.emoji, description = f.description, position = f.order,
    is_default = f.default, needs_postmortem = f.needs_postmortem, enabled_create = f.enabled_create,
    enabled_update = f.enabled_update, reminder_time_ms = duration_ms(f.reminder_time), sla_ms = duration_ms(f.sla),
    recommended_response_type = f.recommended_response_type, is_active = true,
  }, f) } }
end

rows["incidents.environment"] = function(pk, f)
  return { { "environment", stamped({
    id = pk, value = f.value, name = f.name, description = f.description, position = f.order,
    is_default = f.default, is_active = true,
  }, f) } }
end

rows["incidents.group"] = function(pk, f)
  return { { "category_group", stamped({
    id = pk, name = f.name, description = f.description, position = f.order, is_active = true,
  }, f) } }
end

rows["incidents.incidentcategory"] = function(pk, f)
  return { { "category", stamped({
    id = pk, group_id = f.group, name = f.name, description = f.description, position = f.order,
    is_private = f.private, deploy_warning = f.deploy_warning, is_active = true,
  }, f) } }
end

rows["incidents.incidentroletype"] = function(pk, f)
  return { { "role_type", {
    id = pk, slug = f.slug, name = f.name, emoji = f.emoji, is_required = f.required, position = f.order,
    summary = f.summary, summary_first_person = f.summary_first_person, description = f.description,
    aka = f.aka, is_active = true,
  } } }
end

rows["incidents.milestonetype"] = function(pk, f)
  return { { "milestone_type", {
    id = pk, event_type = f.event_type, name = f.name, summary = f.summary, user_editable = f.user_editable,
    is_required = f.required, asked_for = f.asked_for, description = f.description, position = pk, is_active = true,
  } } }
end

rows["incidents.metrictype"] = function(pk, f)
  return { { "metric_type", {
    id = pk, type = f.type, code = f.code, name = f.name, description = f.description,
    milestone_end = known.milestone[f.milestone_lhs], milestone_start = known.milestone[f.milestone_rhs],
    position = pk, is_active = true,
  } } }
end

rows["incidents.impacttype"] = function(pk, f)
  return { { "impact_type", {
    id = pk, value = f.value, name = f.name, emoji = f.emoji, help_text = f.help_text, position = f.order,
    is_active = true,
  } } }
end

rows["incidents.impactlevel"] = function(pk, f)
  return { { "impact_level", {
    id = pk, impact_type_id = f.impact_type, value = f.value, name = f.name or "", emoji = f.emoji,
    position = f.order, description = f.description, is_active = true,
  } } }
end

rows["incidents.incidentcosttype"] = function(pk, f)
  return { { "cost_type", stamped({
    id = pk, name = f.name, description = f.description, category = f.category, is_default = f.default,
    is_editable = f.editable, is_active = true,
  }, f) } }
end

local function response_type(priority)
  return priority.recommended_response_type or (priority.value < CRITICAL_BELOW and "critical" or "normal")
end

rows["incidents.incident"] = function(pk, f)
  return { { "incident", stamped({
    id = pk, title = f.title, description = f.description, status = f._status, priority_id = f.priority,
    category_id = f.incident_category, environment_id = f.environment, created_by = f.created_by,
    response_type = response_type(known.priority[f.priority]), custom_fields = f.custom_fields,
    dedup_key = f.dedup_key, closure_reason = filled(f.closure_reason), closure_reference = f.closure_reference,
    is_private = f.private, is_ignored = f.ignore, mitigated_at_ms = ms(f.mitigated_at),
    closed_at_ms = ms(f.closed_at) or (f._status == status.CLOSED and known.closed_at[pk] or nil),
  }, f) } }
end

-- Who got or lost a role in this step, by slug.
local function roles_of(f)
  if not f.commander and not f.communication_lead then return nil end
  return { commander = f.commander, communication_lead = f.communication_lead }
end

rows["incidents.incidentupdate"] = function(pk, f)
  return { { "incident_update", {
    id = pk, incident_id = f.incident, message = f.message, status = f._status, priority_id = f.priority,
    category_id = f.incident_category, environment_id = f.environment, title = f.title,
    description = f.description, roles = roles_of(f), created_by = f.created_by, event_type = f.event_type,
    event_at_ms = ms(f.event_ts), created_at_ms = ms(f.created_at),
  } } }
end

rows["incidents.incidentmembership"] = function(_, f)
  return { { "incident_member", {
    incident_id = f.incident, person_id = f.user, created_at_ms = known.incident[f.incident],
  } } }
end

rows["incidents.incidentrole"] = function(_, f)
  return { { "incident_role", {
    incident_id = f.incident, role_type_id = f.role_type, person_id = f.user, created_at_ms = ms(f.created_at),
  } } }
end

rows["incidents.incidentimpact"] = function(pk, f)
  local impact = known.impact[f.impact]
  if not impact then return nil, "its impact is not in the file" end
  return { { "incident_impact", {
    id = pk, incident_id = f.incident, impact_type_id = impact.impact_type, impact_level_id = impact.impact_level,
    details = impact.details,
  } } }
end

rows["incidents.incidentmetric"] = function(_, f)
  local us = duration_us(f.duration)
  return { { "incident_metric", {
    incident_id = f.incident, metric_type_id = f.metric_type, duration_ms = us // 1000, extra_us = us % 1000,
  } } }
end

rows["incidents.incidentcost"] = function(pk, f)
  return { { "incident_cost", stamped({
    id = pk, incident_id = f.incident, cost_type_id = f.cost_type, amount_cents = f.amount and cents(f.amount),
    details = f.details,
  }, f) } }
end

rows["taggit.taggeditem"] = function(_, f)
  if f.content_type ~= known.incident_type then return nil, "tags of other things than incidents" end
  return { { "incident_tag", { incident_id = f.object_id, tag = known.tag_name[f.tag] } } }
end

rows["slack.slackuser"] = function(_, f)
  return { { "account", {
    platform = PLATFORM, external_id = f.slack_id, person_id = f.user, handle = f.username, image = f.image,
    is_active = true, updated_at_ms = 0,
  } } }
end

local function add_links(list, names, kind, pk, f)
  for _, person in ipairs(f.members) do
    list[#list + 1] = { kind .. "_member", { [names] = pk, person_id = person } }
  end
  for _, category in ipairs(f.incident_categories) do
    list[#list + 1] = { kind .. "_category", { [names] = pk, category_id = category } }
  end
  return list
end

rows["slack.conversation"] = function(pk, f)
  local conversation = stamped({
    id = pk, platform = PLATFORM, external_id = f.channel_id, name = f.name, status = STATES[f._status],
    type = TYPES[f._type], is_shared = f.is_shared, tag = filled(f.tag), incident_id = known.channel_of[pk],
  }, f)
  return add_links({ { "conversation", conversation } }, "conversation_id", "conversation", pk, f)
end

rows["slack.usergroup"] = function(pk, f)
  local group = stamped({
    id = pk, platform = PLATFORM, external_id = f.usergroup_id, name = f.name, handle = f.handle,
    description = f.description, is_external = f.is_external, tag = filled(f.tag), is_active = true,
  }, f)
  return add_links({ { "usergroup", group } }, "usergroup_id", "usergroup", pk, f)
end

rows["pagerduty.pagerdutyoncall"] = function(_, f)
  local person = known.on_call_person[f.pagerduty_user]
  if not person then return nil, "its PagerDuty user is not in the file" end
  return { { "oncall", {
    provider = "pagerduty", service = known.policy[f.escalation_policy] or "", level = f.escalation_level,
    person_id = person, starts_at_ms = ms(f.start), ends_at_ms = ms(f["end"]),
  } } }
end

-- Tickets have no times of their own: the incident's stand for them.
local function attachment(kind, provider, pk, f, values)
  local created_ms = ms(f.created_at) or known.incident[f.incident]
  values.incident_id = f.incident
  values.created_at_ms, values.updated_at_ms = created_ms, ms(f.updated_at) or created_ms
  values.id = ("%s-%s-%s"):format(provider, kind, pk)
  values.kind, values.provider = kind, provider
  return { { "attachment", values } }
end

rows["raid.jiraticket"] = function(pk, f)
  local issue = known.issue[pk]
  if not issue then return nil, "its Jira issue is not in the file" end
  return attachment("ticket", "jira", pk, f, {
    key = issue.key, title = issue.summary, url = ticket_url and ticket_url .. issue.key or "",
  })
end

rows["jira_app.jirapostmortem"] = function(pk, f)
  return attachment("postmortem", "jira", pk, f, { key = f.jira_issue_key })
end

rows["confluence.postmortem"] = function(pk, f)
  local page = known.page[pk]
  if not page then return nil, "its page is not in the file" end
  return attachment("postmortem", "confluence", pk, f, {
    key = tostring(page.page_id), url = page.page_url, title = page.name,
  })
end

--- The rows that a record becomes: { { table, { column = value } } }; nil and why for one that is left out.
function M.rows(model, pk, fields)
  return rows[model](pk, fields)
end

return M
