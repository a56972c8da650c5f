-- step: one step after the channel of an incident was opened (or became ready), as an integration
-- unit of its own. Each step is a job of the incident's lane: tried again by itself, and when it is
-- refused for good, recorded, without holding the next ones back.
local incidents = require "engine.incidents"

local M = {}

---@param options { about: string, order: integer, event?: string, run: fun(ctx, incident, conversation), jobs?: table }
---@return table unit  for strategies/integrations
function M.unit(options)
  local function handle(ctx, event)
    local incident, err = incidents.get { id = event.incident_id }
    if not incident then return nil, err end
    local conversation = incident.conversation
    if not conversation or conversation.platform ~= "slack" then return end
    local done, problem = options.run(ctx, incident, conversation)
    if problem then return nil, problem end
    return done
  end
  return {
    about = options.about,
    order = options.order,
    enabled = function(settings) return settings.slack.token ~= "" end,
    on = { [options.event or "conversation.created"] = handle },
    jobs = options.jobs,
  }
end

return M
