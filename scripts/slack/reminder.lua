-- reminder: questions about incidents that are asked once for each span of time that goes by. A look plans a job for
-- each that is due; what was asked is remembered until the next span is over.
local incidents = require "engine.incidents"
local jobs = require "engine.jobs"
local store = require "engine.store"

local M = {}

local SCOPE = "slack.reminded"
local PAGE = 100

local function key_of(handler, incident)
  return ("%s %d"):format(handler, incident.id)
end

--- The channel of an incident, where something can be asked; nil: it has none.
function M.channel_of(incident)
  local channel = incident.conversation
  local can_hear = channel and channel.platform == "slack" and channel.status ~= "archived"
  return can_hear and channel or nil
end

local function plan(handler, incident, span)
  if not span or store.get(SCOPE, key_of(handler, incident)) == span then return true end
  return jobs.enqueue {
    handler = handler, incident_id = incident.id, args = { incident_id = incident.id, span = span },
    key = ("slack.reminder:%s:%d:%s"):format(handler, incident.id, span),
  }
end

--- Plans a job of <handler>, which gets {incident_id, span}, for each incident that is due. May yield.
---@param handler string  as of jobs.enqueue
---@param wanted table  of incidents.list: which may be due
---@param span_of fun(incident): string|nil  names the span that is over; nil: none is. May yield
---@return true|nil
---@return table|nil err
function M.look(handler, wanted, span_of)
  wanted.limit, wanted.order = PAGE, "newest"
  repeat
    local rows, err = incidents.list(wanted)
    if not rows then return nil, err end
    for _, incident in ipairs(rows) do
      local planned, problem = plan(handler, incident, span_of(incident))
      if not planned then return nil, problem end
      wanted.before_id = incident.id
    end
  until #rows < PAGE
  return true
end

--- Asks, and remembers it; also when it was refused for good: the next span asks again. May yield.
---@param asked { handler: string, incident: table, span: string, every_ms: integer }  every_ms: how long a span is
---@param ask fun(): any, table|nil  as a job's handler answers
---@return any
---@return table|nil err
function M.ask(asked, ask)
  local done, err = ask()
  if err and err.retryable then return nil, err end
  store.put(SCOPE, key_of(asked.handler, asked.incident), asked.span, { ttl = 2 * asked.every_ms })
  return done, err
end

return M
