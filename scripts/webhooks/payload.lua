-- payload: the body that webhooks are sent: what happened, when, and the incident as it is then. Thin on purpose: who
-- wants more asks the API (`api_url`).
local config = require "engine.config"
local json = require "engine.json"
local time = require "engine.time"

local M = {}

local function iso(ms)
  return ms and time.format(ms, "%Y-%m-%dT%H:%M:%SZ") or json.null
end

local function incident_part(incident)
  return {
    id = incident.id, title = incident.title, status = incident.status_name,
    priority = { name = incident.priority.name, value = incident.priority.value },
    category = { name = incident.category.name, group = incident.category.group.name },
    environment = incident.environment.value,
    is_private = incident.is_private == true,
    created_at = iso(incident.created_at_ms), updated_at = iso(incident.updated_at_ms),
    url = incident.url,
    api_url = ("%s/api/v2/firefighter/incidents/%d/"):format(config.base_url, incident.id),
  }
end

--- The body as text. `event`: kind and the event's own fields; `at_ms`: when it happened.
function M.encode(event, incident, at_ms)
  local change = {}
  for key, value in pairs(event) do
    if key ~= "kind" and key ~= "incident_id" then change[key] = value end
  end
  return json.encode {
    type = event.kind, timestamp = iso(at_ms),
    data = { incident = incident_part(incident), change = change },
  }
end

return M
