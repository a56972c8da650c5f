-- rules: what is said to whom. One place, because messages, topics and later updates must agree.
local status = require "incident_status"

local M = {}

local PRODUCTION = "PRD"
local CRITICAL_AT_MOST = 3

--- Is the declaration told to everyone in the shared channel?
function M.is_announced(incident)
  return not incident.is_private and incident.priority.value <= CRITICAL_AT_MOST
    and incident.environment.value == PRODUCTION
end

--- Are deployments discouraged meanwhile?
function M.stops_deployments(incident)
  return not incident.is_private and incident.priority.value <= 1
    and incident.environment.value == PRODUCTION
    and incident.category.deploy_warning
end

--- Does the incident get a channel?
function M.has_channel(incident)
  return incident.response_type == "critical" and not incident.is_ignored
end

--- Did the update <event> make an ordinary incident one that needs a channel?
---@param event table  incident.updated
function M.became_critical(incident, event)
  return (event.old_priority_value or 0) > CRITICAL_AT_MOST and incident.priority.value <= CRITICAL_AT_MOST
    and not incident.is_ignored and incident.status < status.CLOSED
end

--- Did it make a critical incident, which goes on, an ordinary one?
---@param event table  incident.updated
function M.became_ordinary(incident, event)
  return (event.old_priority_value or math.huge) <= CRITICAL_AT_MOST and incident.priority.value > CRITICAL_AT_MOST
    and incident.status < status.CLOSED
end

--- Does the company have to hear of it now?
function M.is_emergency(incident)
  return incident.priority.value <= 1 and incident.environment.value == PRODUCTION and incident.status < status.CLOSED
end

return M
