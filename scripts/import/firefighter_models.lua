-- firefighter_models: the records of a FireFighter database that are taken over, and what their fields must be.
-- `_key` is the kind of the record's own key.
local fields = require "import.fields"

local maybe, to, list_of, one_of = fields.maybe, fields.to, fields.list_of, fields.one_of
local LEVEL = one_of { "HT", "HI", "MD", "LO", "LT", "NO" }
local STATUS = one_of { 10, 20, 30, 40, 50, 60 }
local USER, INCIDENT = to "incidents.user", to "incidents.incident"

local function stamped(kinds)
  kinds.created_at, kinds.updated_at = "time", "time"
  return kinds
end

return {
  ["incidents.user"] = stamped {
    _key = "text", username = "text", email = maybe "text", name = maybe "text", first_name = maybe "text",
    last_name = maybe "text", bot = maybe "boolean", avatar = maybe "text", is_active = maybe "boolean",
  },
  ["incidents.priority"] = stamped {
    _key = "text", name = "text", value = "integer", emoji = maybe "text", description = maybe "text",
    order = "integer", default = "boolean", needs_postmortem = "boolean", enabled_create = "boolean",
    enabled_update = "boolean", reminder_time = "duration", sla = "duration",
    recommended_response_type = maybe "text",
  },
  ["incidents.environment"] = stamped {
    _key = "text", value = "text", name = "text", description = maybe "text", order = "integer", default = "boolean",
  },
  ["incidents.group"] = stamped { _key = "text", name = "text", description = maybe "text", order = "integer" },
  ["incidents.incidentcategory"] = stamped {
    _key = "text", name = "text", description = maybe "text", order = "integer", group = to "incidents.group",
    private = "boolean", deploy_warning = "boolean",
  },
  ["incidents.incidentroletype"] = {
    _key = "integer", slug = "text", name = "text", emoji = maybe "text", required = "boolean", order = "integer",
    summary = maybe "text", summary_first_person = maybe "text", description = maybe "text", aka = maybe "text",
  },
  ["incidents.milestonetype"] = {
    _key = "integer", event_type = "text", name = "text", summary = maybe "text", user_editable = "boolean",
    required = "boolean", asked_for = "boolean", description = maybe "text",
  },
  ["incidents.metrictype"] = {
    _key = "integer", type = "text", code = "text", name = "text", description = maybe "text",
    milestone_lhs = to "incidents.milestonetype", milestone_rhs = to "incidents.milestonetype",
  },
  ["incidents.impacttype"] = {
    _key = "integer", value = "text", name = "text", emoji = maybe "text", help_text = maybe "text", order = "integer",
  },
  ["incidents.impactlevel"] = {
    _key = "text", impact_type = to "incidents.impacttype", value = LEVEL, name = maybe "text", emoji = maybe "text",
    order = "integer", description = maybe "text",
  },
  ["incidents.impact"] = {
    _key = "integer", impact_type = to "incidents.impacttype", impact_level = to "incidents.impactlevel",
    details = maybe "text",
  },
  ["incidents.incidentcosttype"] = stamped {
    _key = "integer", name = "text", description = maybe "text", category = maybe "text", default = "boolean",
    editable = "boolean",
  },
  ["incidents.incident"] = stamped {
    _key = "integer", title = "text", description = "text", _status = STATUS, priority = to "incidents.priority",
    incident_category = to "incidents.incidentcategory", environment = to "incidents.environment", created_by = USER,
    mitigated_at = maybe "time", closed_at = maybe "time", closure_reason = maybe "text",
    closure_reference = maybe "text", custom_fields = maybe "object", dedup_key = maybe "text", ignore = "boolean",
    private = "boolean",
  },
  ["incidents.incidentupdate"] = {
    _key = "text", incident = INCIDENT, message = maybe "text", _status = maybe(STATUS),
    priority = maybe(to "incidents.priority"), incident_category = maybe(to "incidents.incidentcategory"),
    environment = maybe(to "incidents.environment"), created_by = maybe(USER), commander = maybe(USER),
    communication_lead = maybe(USER), title = maybe "text", description = maybe "text", event_type = maybe "text",
    event_ts = "time", created_at = "time",
  },
  ["incidents.incidentmembership"] = { _key = "integer", incident = INCIDENT, user = USER },
  ["incidents.incidentrole"] = {
    _key = "integer", incident = INCIDENT, user = USER, role_type = to "incidents.incidentroletype",
    created_at = "time",
  },
  ["incidents.incidentimpact"] = { _key = "integer", incident = INCIDENT, impact = to "incidents.impact" },
  ["incidents.incidentmetric"] = {
    _key = "integer", incident = INCIDENT, metric_type = to "incidents.metrictype", duration = "duration",
  },
  ["incidents.incidentcost"] = stamped {
    _key = "integer", incident = INCIDENT, cost_type = to "incidents.incidentcosttype", amount = maybe "money",
    details = maybe "text",
  },
  ["taggit.tag"] = { _key = "integer", name = "text" },
  ["taggit.taggeditem"] = { _key = "integer", tag = to "taggit.tag" },
  ["contenttypes.contenttype"] = { _key = "integer", app_label = "text", model = "text" },
  ["slack.slackuser"] = {
    _key = "text", slack_id = "text", user = USER, username = maybe "text", image = maybe "text",
  },
  ["slack.conversation"] = stamped {
    _key = "text", name = "text", channel_id = maybe "text", _status = one_of { 0, 1, 2 },
    _type = one_of { 0, 10, 20, 30, 40 }, is_shared = "boolean", tag = maybe "text", members = list_of "incidents.user",
    incident_categories = list_of "incidents.incidentcategory",
  },
  ["slack.incidentchannel"] = { _key = "text", incident = INCIDENT },
  ["slack.usergroup"] = stamped {
    _key = "text", name = maybe "text", usergroup_id = maybe "text", handle = maybe "text", description = maybe "text",
    is_external = "boolean", tag = maybe "text", members = list_of "incidents.user",
    incident_categories = list_of "incidents.incidentcategory",
  },
  ["slack.sos"] = {
    _key = "text", name = "text", user_group = maybe(to "slack.usergroup"), conversation = to "slack.conversation",
  },
  ["raid.featureteam"] = { _key = "integer", name = "text", jira_project_key = "text" },
  ["raid.jiraticket"] = { _key = "integer", incident = maybe(INCIDENT) },
  ["jira_app.jiraissue"] = { _key = "integer", key = "text", summary = maybe "text" },
  ["jira_app.jirapostmortem"] = stamped { _key = "integer", incident = INCIDENT, jira_issue_key = "text" },
  ["confluence.confluencepage"] = stamped {
    _key = "text", name = "text", page_id = "integer", page_url = "text", page_edit_url = maybe "text",
    body_storage = maybe "text", body_view = maybe "text", body_export_view = maybe "text", version = maybe "object",
  },
  ["confluence.runbook"] = { _key = "text", title = "text", service_name = maybe "text", service_type = maybe "text" },
  ["confluence.postmortem"] = { _key = "text", incident = INCIDENT },
  ["pagerduty.pagerdutyuser"] = { _key = "text", user = USER },
  ["pagerduty.pagerdutyescalationpolicy"] = { _key = "text", name = "text" },
  ["pagerduty.pagerdutyoncall"] = {
    _key = "text", escalation_policy = to "pagerduty.pagerdutyescalationpolicy",
    pagerduty_user = to "pagerduty.pagerdutyuser", escalation_level = "integer", start = maybe "time",
    ["end"] = maybe "time",
  },
}
