-- add_to_timeline: "Add to timeline" in the menu of a message puts the message on the timeline of the
-- channel's incident. Whoever asked is told what became of it.
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local permit = require "slack.permit"
local reply = require "slack.reply"
local timeline = require "slack.timeline"

local KIND = "shortcut"
local NO_INCIDENT = "There is no incident in this channel, or you do not belong to it."
  .. " Messages can be added to the timeline in an incident's channel."

-- The incident of the channel and on whose behalf; or nil and the words for the person.
local function find(given)
  local person_id, unknown = permit.sender(given)
  if not person_id then return nil, unknown end
  local actor = permit.actor(person_id)
  local incident, err = incidents.get({
    conversation = { platform = "slack", external_id = given.channel_id },
  }, actor)
  if not incident then
    if err.code == "not_found" then return nil, NO_INCIDENT end
    return nil, ":warning: This cannot be read now: " .. blocks.escape(tostring(err), 300)
  end
  local _, refused = permit.check(given, "update", incident)
  if refused then return nil, refused end
  return incident, actor
end

local function unsaved(err)
  return ":warning: This was not saved: " .. blocks.escape(tostring(err), 300)
end

-- What the person is told.
local function add(given)
  local incident, actor = find(given)
  if not incident then return actor end
  local message = { ts = given.message.ts, text = given.message.text, user = given.message.user_id }
  if not timeline.is_ts(message.ts) or not timeline.words(message) then
    return "This message has no text that the timeline could keep."
  end
  if timeline.is_ours(message) then return "What I say here is on the timeline already, in its own words." end
  local record, err = timeline.record(incident.conversation, message.ts, actor)
  if err then return unsaved(err) end
  if record then return timeline.ALREADY end
  local _, refusal = timeline.add(incident, message, KIND, actor)
  if refusal then return unsaved(refusal) end
  return ("The message is on the timeline of *%s*. (%s)"):format(incident_text.headline(incident),
    incident_text.page_link(incident))
end

return {
  shortcuts = {
    add_to_timeline = function(given) reply.tell(given, { text = add(given) }) end,
  },
}
