-- reaction_update: puts a message that somebody marked on the incident's timeline, at the time when it
-- was said, and takes it away again when nobody marks it any more.
local incidents = require "engine.incidents"
local updates = require "engine.updates"
local client = require "slack.client"
local people = require "slack.people"
local permit = require "slack.permit"
local timeline = require "slack.timeline"

local KIND = "reaction"

-- The incident of the channel as the person sees it, and on whose behalf: nothing when there is none.
-- Without a person (healing does not learn who took a mark back) in the engine's name.
local function find(args)
  local actor
  if args.user then
    local person, unknown = people.resolve(args.user)
    if not person then return nil, nil, unknown end
    actor = permit.actor(person.id)
  end
  local incident, err = incidents.get({
    conversation = { platform = "slack", external_id = args.channel },
  }, actor)
  if err and err.code ~= "not_found" then return nil, nil, err end
  return incident or nil, actor
end

-- Only the person sees it; nobody when it is healing that asks. Who has left the channel meanwhile is
-- not told.
local function tell(args, words)
  if args.is_healing then return end
  local _, err = client.call("chat.postEphemeral", { channel = args.channel, user = args.user, text = words })
  if err and err.retryable then return nil, err end
end

local function add(_, args)
  local incident, actor, err = find(args)
  if not incident then return nil, err end
  local refused = select(2, permit.check({ user_id = args.user }, "update", incident))
  if refused then return tell(args, refused) end
  local record, problem = timeline.record(incident.conversation, args.ts, actor)
  if problem then return nil, problem end
  if record then return tell(args, timeline.ALREADY) end
  local message, unread = timeline.message_at(args.channel, args.ts)
  if not message then return nil, unread end
  if not timeline.words(message) or timeline.is_ours(message) then return end
  if args.is_healing and not timeline.is_marked(message) then return end
  return nil, select(2, timeline.add(incident, message, KIND, actor))
end

-- What somebody put there by a shortcut is not a reaction's to take away.
local function undo(_, args)
  local incident, actor, err = find(args)
  if not incident then return nil, err end
  local record, problem = timeline.record(incident.conversation, args.ts, actor)
  if not record or record.source.kind ~= KIND then return nil, problem end
  if args.user and not permit.check({ user_id = args.user }, "update", incident) then return end
  local message, unread = timeline.message_at(args.channel, args.ts)
  if not message or timeline.is_marked(message) then return nil, unread end
  local _, refusal = updates.delete({ id = record.id }, actor)
  if refusal and refusal.code ~= "not_found" then return nil, refusal end
end

return {
  about = "Puts messages with the update reaction on the timeline",
  enabled = function(settings) return settings.slack.token ~= "" end,
  jobs = { add = add, undo = undo },
}
