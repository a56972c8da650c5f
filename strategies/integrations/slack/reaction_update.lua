-- reaction_update: puts a message that somebody marked on the incident's timeline, at the time when it
-- was said.
local incidents = require "engine.incidents"
local text = require "engine.text"
local client = require "slack.client"
local foreign = require "slack.foreign"
local people = require "slack.people"
local permit = require "slack.permit"

local MAX = 10000

local function find(method, args, ts)
  local answer, err = client.call(method, args)
  for _, message in ipairs(foreign.table(answer and answer.messages)) do
    if message.ts == ts then return message end
  end
  return nil, err
end

-- The message at <ts>: in the channel, else as a reply in a thread.
local function message_at(channel, ts)
  local args = {
    channel = channel, oldest = ts, latest = ts, inclusive = true, limit = 1, include_all_metadata = true,
  }
  local message, err = find("conversations.history", args, ts)
  if message or err then return message, err end
  args.ts = ts
  return find("conversations.replies", args, ts)
end

-- What we said ourselves is on the timeline already.
local function is_ours(message)
  return foreign.text(foreign.table(foreign.table(message.metadata).event_payload).ff_type) ~= nil
end

local function add(_, args)
  local person, unknown = people.resolve(args.user)
  if not person then return nil, unknown end
  local actor = permit.actor(person.id)
  local incident, err = incidents.get({
    conversation = { platform = "slack", external_id = args.channel },
  }, actor)
  if not incident then
    if err.code == "not_found" then return end
    return nil, err
  end
  local message, problem = message_at(args.channel, args.ts)
  if not message then return nil, problem end
  local words = foreign.text(message.text)
  if not words or is_ours(message) then return end
  local _, refusal = incidents.update({
    id = incident.id, message = text.cut(words, MAX, "\u{2026}"),
    event_at_ms = math.floor(tonumber(args.ts) * 1000),
    request_key = ("slack:reaction:%s:%s"):format(args.channel, args.ts),
  }, actor)
  return nil, refusal
end

return {
  about = "Puts messages with the update reaction on the timeline",
  enabled = function(settings) return settings.slack.token ~= "" end,
  jobs = { add = add },
}
