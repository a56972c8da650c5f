-- sos: calls for help in the conversation that an SOS names, and writes it on the timeline.
local config = require "engine.config"
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local people_of = require "engine.people"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local lost_call = require "slack.lost_call"
local message = require "slack.message"
local people = require "slack.people"
local permit = require "slack.permit"
local usergroup = require "slack.usergroup"

local function find(name)
  for _, sos in ipairs(config.slack.sos) do
    if sos.name == name then return sos end
  end
end

-- The mention that wakes people up: the group's, or of everybody who is there now.
local function mention(sos)
  return sos.usergroup and usergroup.mention(sos.usergroup) or "<!here>"
end

-- Kept, so that the message is found again; one that config.lua does not declare is known by its id.
local function conversation_of(sos)
  local found, err = conversations.get { platform = "slack", external_id = sos.conversation }
  if found or err.code ~= "not_found" then return found, err end
  return nil, client.error {
    code = "not_found",
    message = ("the SOS %q names the conversation %s, which slack.conversations does not declare"):format(
      sos.name, sos.conversation),
  }
end

-- Who is called belongs to no private incident yet: they hear that there is one, and whom to ask.
local function private_words(incident, sos, caller)
  local words = (":sos: %s Help is needed with a private incident: %s #%d. %s can let you in."):format(
    mention(sos), incident_text.priority(incident.priority), incident.id, people.mention(caller))
  return {
    text = ("Help is needed with the private incident #%d"):format(incident.id),
    blocks = { blocks.section(words) },
  }
end

local function content(incident, sos, caller)
  if incident.is_private then return private_words(incident, sos, caller) end
  local channel = incident.conversation
  local where = channel and (" in <#%s>"):format(channel.external_id) or ""
  return {
    text = ("Help is needed: %s"):format(incident_text.headline(incident)),
    blocks = {
      blocks.section((":sos: %s Help is needed%s: %s *%s*"):format(mention(sos), where,
        incident_text.priority(incident.priority), incident_text.headline(incident))),
      blocks.fields(incident_text.facts(incident)),
    },
  }
end

local function send(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  local sos = find(args.sos)
  if not sos then return end                   -- config.lua has it no more
  local conversation, unknown = conversation_of(sos)
  if not conversation then return nil, unknown end
  local noted, refusal = incidents.update({
    id = incident.id, message = ("%s was called for help."):format(sos.name), event_type = "send_sos",
    request_key = "slack:sos:" .. args.key,
  }, permit.actor(args.person_id))
  if not noted then return nil, refusal end
  local said = content(incident, sos, people_of.get { id = args.person_id })
  return message.send(ctx, {
    conversation = conversation, incident = incident, kind = "ff_sos", update_id = noted.update_id,
    blocks = said.blocks, text = said.text,
  })
end

local function call(ctx, args)
  local done, err = send(ctx, args)
  if err then lost_call.tell_late(ctx, args, args.sos, err) end
  return done, err
end

local function give_up(_, event)
  local job, err = lost_call.find(event)
  if not job then return nil, err end
  lost_call.tell(job, job.args.sos)
end

return {
  about = "Calls for help",
  enabled = function(settings) return settings.slack.token ~= "" end,
  jobs = { call = call },
  on = { ["job.died"] = give_up },
  touching = { ["job.died"] = { "integrations/slack/sos:call" } },
}
