-- firefighter: what `dumpdata` of a FireFighter database means here. Pure: `halligan import` reads the
-- file, shows every record to M.note first (what others refer to), then to M.check (what is wrong with it), then asks
-- M.rows stage by stage, and writes what it answers. Ids and times are kept.
local json = require "engine.json"
local fields = require "import.fields"
local models = require "import.firefighter_models"
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
  "jira_app.jirapostmortem", "confluence.postmortem", "confluence.runbook",
}

M.left_out = require "import.firefighter_left_out"

local NULL = json.null
local ms, duration_us, cents = fields.ms, fields.duration_us, fields.cents

-- What records say about each other, by model and key.
local known = {
  tag_name = {}, impact = {}, milestone = {}, role = {}, incident = {}, priority = {}, channel_of = {}, issue = {},
  page = {}, policy = {}, on_call_person = {}, closed_at = {}, mitigated_at = {}, conversation = {}, group = {},
  channels = {}, impacts_of = {},
}
-- The number of each record in the file, by model and key; by model and what must be there once.
local seen, taken = {}, {}

-- ---- values

-- What the record leaves empty is empty here too, whatever stood there before.
local function or_null(value)
  if value == nil then return NULL end
  return value
end

local function filled(text)
  return text ~= "" and text or nil
end

-- The name that the other API shows; people without one are called by what else there is.
local function name_of(f)
  if filled(f.name) then return f.name end
  if filled(f.first_name) and filled(f.last_name) then return f.first_name .. " " .. f.last_name end
  return f.username
end

local function stamped(values, f)
  values.created_at_ms = ms(f.created_at)
  values.updated_at_ms = ms(f.updated_at)
  return values
end

-- ---- the first look

local ticket_url

--- What the operator said. `settings.ticket_url`: what stands before a ticket's key in its address.
function M.begin(settings)
  ticket_url = settings.ticket_url
end

local function earlier(times, key, at) times[key] = math.min(times[key] or at, at) end
local function later(times, key, at) times[key] = math.max(times[key] or at, at) end

local function add(lists, key, item)
  if key == nil then return end
  lists[key] = lists[key] or {}
  table.insert(lists[key], item)
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
  ["incidents.incident"] = function(pk, f) known.incident[pk] = f end,
  ["slack.incidentchannel"] = function(pk, f) known.channel_of[pk] = f.incident end,
  ["incidents.incidentimpact"] = function(pk, f) add(known.impacts_of, f.incident, { pk = pk, impact = f.impact }) end,
  ["slack.conversation"] = function(pk, f)
    known.conversation[pk] = f
    add(known.channels, f.channel_id, pk)
  end,
  ["slack.usergroup"] = function(pk, f) known.group[pk] = f end,
  ["jira_app.jiraissue"] = function(pk, f) known.issue[pk] = f end,
  ["confluence.confluencepage"] = function(pk, f) known.page[pk] = f end,
  ["pagerduty.pagerdutyescalationpolicy"] = function(pk, f) known.policy[pk] = f.name end,
  ["pagerduty.pagerdutyuser"] = function(pk, f) known.on_call_person[pk] = f.user end,
  -- The original did not always write when an incident was mitigated, and never when it was closed; its history knows.
  ["incidents.incidentupdate"] = function(_, f)
    if f._status == status.CLOSED then later(known.closed_at, f.incident, ms(f.event_ts)) end
    if f._status == status.MITIGATED then earlier(known.mitigated_at, f.incident, ms(f.event_ts)) end
  end,
}

-- What must be there once, besides keys: { names of the fields, function(fields) -> what they come to }.
local ONCE = {
  ["incidents.user"] = {
    { "email", function(f) return f.email and filled(f.email:lower()) end },
    { "username", function(f) return f.username end },
  },
  ["incidents.incidentcategory"] = { { "name", function(f) return f.group .. "\n" .. f.name end } },
}

local function refers(model, key)
  return not seen[model] or seen[model][key] ~= nil
end

-- The number of the record that has it already; nil when this is the first.
local function claim(place, what, number)
  taken[place] = taken[place] or {}
  local first = taken[place][what]
  taken[place][what] = first or number
  return first
end

--- Remembers that a record is in the file. -> what is wrong with its key, or nil.
function M.see(model, pk, _, number)
  local kinds = models[model]
  if not kinds then return nil end
  if pk == nil then return "pk: is missing: write the file without --natural-primary" end
  if (kinds._key == "integer") ~= (math.type(pk) == "integer") or type(pk) == "table" then
    return ("pk: expected %s, got %s"):format(kinds._key == "integer" and "a whole number" or "text", type(pk))
  end
  seen[model] = seen[model] or {}
  local first = seen[model][pk]
  seen[model][pk] = first or number
  return first and ("pk: record %d is the same one"):format(first)
end

--- -> what is wrong with the fields of a record that M.see() found good: a list of texts.
function M.check(model, _, f, number)
  local problems = {}
  local kinds = models[model]
  if not kinds then return problems end
  fields.check(kinds, f, refers, function(name, problem) problems[#problems + 1] = name .. ": " .. problem end)
  for _, once in ipairs(#problems == 0 and ONCE[model] or {}) do
    local what = once[2](f)
    local first = what and claim(model .. once[1], what, number)
    if first then problems[#problems + 1] = ("%s: record %d has the same"):format(once[1], first) end
  end
  return problems
end

--- Looks at a good record before any row is written.
function M.note(model, pk, f)
  if notes[model] then notes[model](pk, f) end
end

-- ---- rows

local rows = {}

rows["incidents.user"] = function(pk, f)
  return { { "person", stamped({
    id = pk, username = f.username, email = or_null(f.email and filled(f.email:lower())), name = name_of(f),
    first_name = f.first_name, last_name = f.last_name, avatar = or_null(f.avatar), is_bot = f.bot,
    is_active = f.is_active,
  }, f) } }
end

rows["incidents.priority"] = function(pk, f)
  return { { "priority", stamped({
    id = pk, name = f.name, value = f.value, emoji = f.emoji, description = f.description, position = f.order,
    is_default = f.default, needs_postmortem = f.needs_postmortem, enabled_create = f.enabled_create,
    enabled_update = f.enabled_update, reminder_time_ms = duration_us(f.reminder_time) // 1000,
    sla_ms = duration_us(f.sla) // 1000, recommended_response_type = or_null(f.recommended_response_type),
    is_active = true,
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
    summary = f.summary, summary_first_person = or_null(f.summary_first_person), description = f.description,
    aka = f.aka or "", is_active = true,
  } } }
end

rows["incidents.milestonetype"] = function(pk, f)
  return { { "milestone_type", {
    id = pk, event_type = f.event_type, name = f.name, summary = f.summary, user_editable = f.user_editable,
    is_required = f.required, asked_for = f.asked_for, description = or_null(f.description), position = pk,
    is_active = true,
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
    position = f.order, description = or_null(f.description), is_active = true,
  } } }
end

rows["incidents.incidentcosttype"] = function(pk, f)
  return { { "cost_type", stamped({
    id = pk, name = f.name, description = or_null(f.description), category = or_null(f.category),
    is_default = f.default, is_editable = f.editable, is_active = true,
  }, f) } }
end

-- Nothing when the priority is not in the file: what is there says it then.
local function response_type(priority)
  if not priority then return nil end
  return priority.recommended_response_type or (priority.value < CRITICAL_BELOW and "critical" or "normal")
end

rows["incidents.incident"] = function(pk, f)
  local closed_ms = f._status == status.CLOSED and (known.closed_at[pk] or ms(f.updated_at)) or nil
  return { { "incident", stamped({
    id = pk, title = f.title, description = f.description, status = f._status, priority_id = f.priority,
    category_id = f.incident_category, environment_id = f.environment, created_by = f.created_by,
    response_type = response_type(known.priority[f.priority]), custom_fields = f.custom_fields or {},
    dedup_key = or_null(f.dedup_key), closure_reason = or_null(f.closure_reason and filled(f.closure_reason)),
    closure_reference = f.closure_reference or "", is_private = f.private, is_ignored = f.ignore,
    mitigated_at_ms = or_null(ms(f.mitigated_at) or known.mitigated_at[pk]),
    closed_at_ms = or_null(ms(f.closed_at) or closed_ms),
  }, f) } }
end

-- Who got a role in this step, by slug.
local function roles_of(f)
  if not f.commander and not f.communication_lead then return NULL end
  return { commander = f.commander, communication_lead = f.communication_lead }
end

rows["incidents.incidentupdate"] = function(pk, f)
  return { { "incident_update", {
    id = pk, incident_id = f.incident, message = or_null(f.message), status = or_null(f._status),
    priority_id = or_null(f.priority), category_id = or_null(f.incident_category),
    environment_id = or_null(f.environment), title = or_null(f.title), description = or_null(f.description),
    roles = roles_of(f), created_by = or_null(f.created_by), event_type = or_null(f.event_type),
    event_at_ms = ms(f.event_ts), created_at_ms = ms(f.created_at),
  } } }
end

-- Nobody wrote when a person joined: the incident's own time stands for it.
rows["incidents.incidentmembership"] = function(_, f)
  local incident = known.incident[f.incident]
  return { { "incident_member", {
    incident_id = f.incident, person_id = f.user, created_at_ms = incident and ms(incident.created_at) or 0,
  } } }
end

rows["incidents.incidentrole"] = function(_, f)
  return { { "incident_role", {
    incident_id = f.incident, role_type_id = f.role_type, person_id = f.user, created_at_ms = ms(f.created_at),
  } } }
end

-- An incident has one impact of a type here: the newest.
rows["incidents.incidentimpact"] = function(pk, f)
  local impact = known.impact[f.impact]
  if not impact then return nil, "its impact is not in the file" end
  for _, other in ipairs(known.impacts_of[f.incident]) do
    local same_type = known.impact[other.impact] and known.impact[other.impact].impact_type == impact.impact_type
    if same_type and other.pk > pk then return nil, "a newer impact of the same type replaces it" end
  end
  return { { "incident_impact", {
    id = pk, incident_id = f.incident, impact_type_id = impact.impact_type, impact_level_id = impact.impact_level,
    details = or_null(impact.details),
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
    id = pk, incident_id = f.incident, cost_type_id = f.cost_type, amount_cents = or_null(f.amount and cents(f.amount)),
    details = or_null(f.details),
  }, f) } }
end

-- By key, or by name when the file was written with natural keys.
local function is_incident(content_type)
  if type(content_type) == "table" then return content_type[1] == "incidents" and content_type[2] == "incident" end
  return content_type == known.incident_type
end

rows["taggit.taggeditem"] = function(_, f)
  if type(f.content_type) ~= "table" and not seen["contenttypes.contenttype"] then
    return nil, "the file does not say what is tagged: it lacks contenttypes.contenttype"
  end
  if not is_incident(f.content_type) then return nil, "tags of other things than incidents" end
  return { { "incident_tag", { incident_id = f.object_id, tag = known.tag_name[f.tag] } } }
end

rows["slack.slackuser"] = function(_, f)
  return { { "account", {
    platform = PLATFORM, external_id = f.slack_id, person_id = f.user, handle = or_null(f.username),
    image = or_null(f.image), is_active = true, updated_at_ms = 0,
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

-- Several records may speak of one channel; the one that belongs to an incident counts.
local function channel_counts(pk, channel_id)
  local counts
  for _, other in ipairs(known.channels[channel_id]) do
    if not counts or (known.channel_of[other] and not known.channel_of[counts]) then counts = other end
  end
  return counts == pk
end

rows["slack.conversation"] = function(pk, f)
  if not f.channel_id or f.channel_id == "" then return nil, "it has no channel in Slack" end
  if not channel_counts(pk, f.channel_id) then return nil, "another record is of the same channel" end
  local conversation = stamped({
    id = pk, platform = PLATFORM, external_id = f.channel_id, name = f.name, status = STATES[f._status],
    type = TYPES[f._type], is_shared = f.is_shared, tag = or_null(f.tag and filled(f.tag)),
    incident_id = or_null(known.channel_of[pk]),
  }, f)
  return add_links({ { "conversation", conversation } }, "conversation_id", "conversation", pk, f)
end

rows["slack.usergroup"] = function(pk, f)
  local group = stamped({
    id = pk, platform = PLATFORM, external_id = or_null(f.usergroup_id and filled(f.usergroup_id)), name = f.name,
    handle = f.handle, description = f.description, is_external = f.is_external, tag = or_null(f.tag and filled(f.tag)),
    is_active = true,
  }, f)
  return add_links({ { "usergroup", group } }, "usergroup_id", "usergroup", pk, f)
end

rows["pagerduty.pagerdutyoncall"] = function(_, f)
  local person = known.on_call_person[f.pagerduty_user]
  if not person then return nil, "its PagerDuty user is not in the file" end
  local service = known.policy[f.escalation_policy] or ""
  if claim("on call", table.concat({ service, f.escalation_level, person }, "\n"), 1) then
    return nil, "the same person is on call there already, by another schedule"
  end
  return { { "oncall", {
    provider = "pagerduty", service = service, level = f.escalation_level, person_id = person,
    starts_at_ms = or_null(ms(f.start)), ends_at_ms = or_null(ms(f["end"])),
  } } }
end

-- <times>: the record that has some; without one the incident's stand for them.
local function attachment(kind, provider, pk, incident, times, values)
  local own = times or known.incident[incident]
  values.incident_id = incident
  values.created_at_ms = own and ms(own.created_at) or 0
  values.updated_at_ms = times and ms(times.updated_at) or values.created_at_ms
  values.id = ("%s-%s-%s"):format(provider, kind, pk)
  values.kind, values.provider = kind, provider
  return { { "attachment", values } }
end

rows["raid.jiraticket"] = function(pk, f)
  local issue = known.issue[pk]
  if not issue then return nil, "its Jira issue is not in the file" end
  if not f.incident then return nil, "it belongs to no incident" end
  return attachment("ticket", "jira", pk, f.incident, nil, {
    key = issue.key, title = issue.summary, url = ticket_url and ticket_url .. issue.key,
  })
end

rows["jira_app.jirapostmortem"] = function(pk, f)
  return attachment("postmortem", "jira", pk, f.incident, f, { key = f.jira_issue_key })
end

rows["confluence.postmortem"] = function(pk, f)
  local page = known.page[pk]
  if not page then return nil, "its page is not in the file" end
  return attachment("postmortem", "confluence", pk, f.incident, page, {
    key = tostring(page.page_id), url = page.page_url, title = page.name,
  })
end

rows["confluence.runbook"] = function(pk, f)
  local page = known.page[pk]
  if not page then return nil, "its page is not in the file" end
  return { { "runbook", stamped({
    id = pk, title = f.title, service_name = f.service_name, service_type = f.service_type, name = page.name,
    page_id = page.page_id, page_url = page.page_url, page_edit_url = page.page_edit_url,
    body_storage = or_null(page.body_storage), body_view = or_null(page.body_view),
    body_export_view = or_null(page.body_export_view), version = page.version or {},
  }, page) } }
end

--- The rows that a record becomes: { { table, { column = value } } }; nil and why for one that is left out.
function M.rows(model, pk, f)
  return rows[model](pk, f)
end

-- Where columns are called otherwise than the fields they come from.
local FIELDS = {
  id = "pk", category_id = "incident_category", person_id = "user", external_id = "channel_id", status = "_status",
  group_id = "group", event_at_ms = "event_ts", amount_cents = "amount", duration_ms = "duration", tag = "tag",
}
local OF_MODEL = {
  ["slack.slackuser"] = { external_id = "slack_id" }, ["taggit.taggeditem"] = { incident_id = "object_id" },
  ["slack.usergroup"] = { external_id = "usergroup_id", person_id = "members", category_id = "incident_categories" },
  ["slack.conversation"] = { person_id = "members", category_id = "incident_categories" },
  ["pagerduty.pagerdutyoncall"] = { person_id = "pagerduty_user" },
}

--- The field of a record that a column is made of.
function M.field(model, column)
  local own = OF_MODEL[model]
  return own and own[column] or FIELDS[column] or (column:gsub("_at_ms$", "_at"):gsub("_id$", ""))
end

-- ---- what stands in config.lua here

local function line(name, values)
  local parts = {}
  for _, pair in ipairs(values) do
    if pair[2] then parts[#parts + 1] = ("%s = %q"):format(pair[1], pair[2]) end
  end
  return ("%s: { %s },"):format(name, table.concat(parts, ", "))
end

local advice = {
  ["slack.sos"] = function(f)
    local conversation, group = known.conversation[f.conversation], known.group[f.user_group]
    return line("slack.sos", { { "name", f.name }, { "conversation", conversation and conversation.channel_id or "" },
      { "usergroup", group and (filled(group.usergroup_id) or group.handle) } })
  end,
  ["raid.featureteam"] = function(f)
    return line("slack.teams", { { "value", f.jira_project_key }, { "name", f.name } })
  end,
}

--- The line of config.lua that does for a record what it did there; nil: none is needed.
function M.advise(model, _, f)
  return advice[model] and advice[model](f)
end

return M
