-- oncall_call: calls who is on call for a service to an incident: on the timeline, into its channel, and each of them
-- in a direct message.
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local log = require "engine.log"
local text = require "engine.text"
local bad_news = require "slack.bad_news"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local invitee = require "slack.invitee"
local message = require "slack.message"
local on_call = require "slack.on_call"
local people = require "slack.people"
local permit = require "slack.permit"

local STRATEGY = "integrations/slack/oncall_call"
local NAME_MAX = 100

local function names_of(called)
  local names = {}
  for i, person in ipairs(called) do names[i] = text.cut(person.name or person.username, NAME_MAX, "\u{2026}") end
  return table.concat(names, ", ")
end

local function invite(incident, called, service)
  local results = {}
  for i, person in ipairs(called) do
    local result, err = invitee.invite(incident.conversation, person, {
      strategy = STRATEGY, reason = "was called: on call for " .. service,
    })
    if not result then return nil, err end
    results[i] = result
  end
  return invitations.outcome { incident_id = incident.id, results = results }
end

-- Who is called belongs to no private incident yet: its title is for its channel.
local function words_of(incident, called, service, is_in_channel)
  local who = {}
  for i, person in ipairs(called) do who[i] = people.mention(person) end
  local channel = incident.conversation
  local name = incident_text.headline(incident)
  if incident.is_private and not is_in_channel then name = "private incident #" .. incident.id end
  return (":pager: %s, on call for *%s*: you are needed at %s *%s*%s (%s)"):format(table.concat(who, " "),
    blocks.escape(blocks.line(service), 100), incident_text.priority(incident.priority),
    name, channel and (" in <#%s>"):format(channel.external_id) or "", incident_text.page_link(incident))
end

local function say_in_channel(ctx, incident, words, update_id)
  return message.send(ctx, {
    conversation = incident.conversation, incident = incident, kind = "ff_oncall_called", update_id = update_id,
    text = words, blocks = { blocks.section(words) },
  })
end

-- Sends somebody the words; the refusal otherwise.
local function tell(person, words)
  local slack_id = people.slack_id(person)
  if not slack_id then
    return client.error { code = "not_found", message = "the person has no account on this platform" }
  end
  local _, err = client.call("chat.postMessage", {
    channel = slack_id, text = words, blocks = { blocks.section(words) }, unfurl_links = false,
  })
  return err
end

-- At most once each: what nobody knows the outcome of is not said again. Returns how many may have heard; nil and an
-- error when somebody is worth another try.
local function tell_each(ctx, called, words)
  local said, count = ctx.progress.said or {}, 0
  for _, person in ipairs(called) do
    if not said[person.id] then
      said[person.id] = "told"
      ctx:note { said = said }
      local err = tell(person, words)
      local is_lost = err and err.unknown
      said[person.id] = (not err or is_lost) and "told" or not err.retryable and "refused" or nil
      ctx:note { said = said }
      if err then log.warn("somebody on call was not told: " .. tostring(err)) end
      if not said[person.id] then return nil, err end
    end
    if said[person.id] == "told" then count = count + 1 end
  end
  return count
end

local function send(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  local service, unread = on_call.find(on_call.key(args.service))
  if not service then
    return nil, unread or client.error {
      code = "not_found", message = "nobody is on call for " .. args.service .. " any more",
    }
  end
  local called = service.levels[1].people
  local noted, refusal = incidents.update({
    id = incident.id, message = ("Who is on call for %s was called: %s."):format(args.service, names_of(called)),
    event_type = "trigger_oncall", request_key = "slack:oncall:" .. args.key,
  }, permit.actor(args.person_id))
  if not noted then return nil, refusal end
  local told, untold = tell_each(ctx, called, words_of(incident, called, args.service))
  if not told then return nil, untold end
  if not incident.conversation then
    return told > 0 or nil, told == 0 and client.error {
      code = "unavailable", message = "none of them could be told in a direct message",
    } or nil
  end
  local invited, problem = invite(incident, called, args.service)
  if not invited then return nil, problem end
  return say_in_channel(ctx, incident, words_of(incident, called, args.service, true), noted.update_id)
end

-- Whoever called relies on it: they hear when nobody was reached, and can call again.
local function call(ctx, args)
  local done, err = send(ctx, args)
  if err and not err.retryable then
    on_call.set_called(args.incident_id, on_call.key(args.service), false)
    bad_news.tell(args.person_id, ("Who is on call for *%s* was not called. Please reach them another way."):format(
      blocks.escape(args.service, 200)), err)
  end
  return done, err
end

return {
  about = "Calls who is on call",
  enabled = function(settings) return settings.slack.token ~= "" end,
  jobs = { call = call },
}
