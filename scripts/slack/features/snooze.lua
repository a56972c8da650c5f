-- snooze: the button of a reminder that keeps the next ones still for a while.
local incidents = require "engine.incidents"
local store = require "engine.store"
local permit = require "slack.permit"
local reply = require "slack.reply"
local snooze = require "slack.snooze"

local function find(given)
  local person_id, words = permit.sender(given)
  local id = math.tointeger(tonumber(given.action.value or ""))
  if not person_id or not id then return nil, words or "This button names no incident." end
  local incident = incidents.get({ id = id }, permit.actor(person_id))
  if not incident then return nil, "There is no such incident, or you do not belong to it." end
  local allowed, refusal = permit.check(given, "update", incident)
  return allowed and incident or nil, refusal
end

local function keep_still(given)
  local incident, words = find(given)
  if not incident then return reply.tell(given, { text = words }) end
  local _, err = store.put(snooze.SCOPE, tostring(incident.id), true, { ttl = snooze.FOR })
  local text = "There is no reminder of this incident for " .. snooze.WORDS .. "."
  reply.tell(given, { text = err and ":warning: This was not saved: " .. tostring(err) or text })
end

return { actions = { [snooze.ACTION] = keep_still } }
