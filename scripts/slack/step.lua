-- step: one step after something happened to an incident that has a channel (most of them: after the
-- channel was opened), as an integration unit of its own. Each step is a job of the incident's lane:
-- tried again by itself, and when it is refused for good, recorded, without holding the next back.
local incidents = require "engine.incidents"
local client = require "slack.client"

local M = {}

-- Somebody removed the app from the channel: it joins again, where it can.
local function is_back(incident, conversation, problem)
  if problem.slack ~= "not_in_channel" or incident.is_private then return false end
  return client.call("conversations.join", { channel = conversation.external_id }) ~= nil
end

---@param options { about: string, order: integer, event?: string,
---  events?: string[], with_archived?: boolean, enabled?: fun(slack): boolean, touching?: table,
---  run: fun(ctx, incident, conversation, event), jobs?: table }
---  with_archived: also when the channel is archived; enabled: whether config.lua asks for it, else no job is made;
---  touching: event = list of fields; no job is made when the event says that none of them has changed ("*": any)
---@return table unit  for strategies/integrations
function M.unit(options)
  local function handle(ctx, event)
    local incident, err = incidents.get { id = event.incident_id }
    if not incident then return nil, err end
    local conversation = incident.conversation
    if not conversation or conversation.platform ~= "slack" then return end
    if conversation.status == "archived" and not options.with_archived then return end
    local done, problem = options.run(ctx, incident, conversation, event)
    if problem and is_back(incident, conversation, problem) then
      done, problem = options.run(ctx, incident, conversation, event)
    end
    if problem then return nil, problem end
    return done
  end
  local on = {}
  for _, kind in ipairs(options.events or { options.event or "conversation.created" }) do on[kind] = handle end
  return {
    about = options.about,
    order = options.order,
    enabled = function(settings)
      local slack = settings.slack
      return slack.token ~= "" and (not options.enabled or options.enabled(slack))
    end,
    on = on,
    touching = options.touching,
    jobs = options.jobs,
  }
end

return M
