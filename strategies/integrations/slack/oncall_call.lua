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

local function words_of(incident, called, service)
  local who = {}
  for i, person in ipairs(called) do who[i] = people.mention(person) end
  local channel = incident.conversation
  return (":pager: %s, on call for *%s*: you are needed at %s *%s*%s (%s)"):format(table.concat(who, " "),
    blocks.escape(blocks.line(service), 100), incident_text.priority(incident.priority),
    incident_text.headline(incident), channel and (" in <#%s>"):format(channel.external_id) or "",
    incident_text.page_link(incident))
end

local function say_in_channel(ctx, incident, words, update_id)
  return message.send(ctx, {
    conversation = incident.conversation, incident = incident, kind = "ff_oncall_called", update_id = update_id,
    text = words, blocks = { blocks.section(words) },
  })
end

-- At most once each: what nobody knows the outcome of is not said again.
local function tell_each(ctx, called, words)
  if ctx.progress.is_told then return end
  ctx:note { is_told = true }
  for _, person in ipairs(called) do
    local slack_id = people.slack_id(person)
    local _, err
    if slack_id then
      _, err = client.call("chat.postMessage", {
        channel = slack_id, text = words, blocks = { blocks.section(words) }, unfurl_links = false,
      })
    end
    if err then log.warn("somebody on call was not told: " .. tostring(err)) end
  end
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
  local words = words_of(incident, called, args.service)
  tell_each(ctx, called, words)
  if not incident.conversation then return end
  local invited, problem = invite(incident, called, args.service)
  if not invited then return nil, problem end
  return say_in_channel(ctx, incident, words, noted.update_id)
end

-- Whoever called relies on it: they hear when nobody was reached.
local function call(ctx, args)
  local done, err = send(ctx, args)
  if err and not err.retryable then
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
