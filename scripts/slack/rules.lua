-- rules: what is said to whom. One place, because messages, topics and later updates must agree.
local M = {}

local PRODUCTION = "PRD"

--- Is the declaration told to everyone in the shared channel?
function M.is_announced(incident)
  return not incident.is_private and incident.priority.value <= 3
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

return M
