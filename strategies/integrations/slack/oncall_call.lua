-- oncall_call: calls who is on call for a service to an incident: on the timeline, into its channel, and each of them
-- in a direct message.
local incidents = require "engine.incidents"
local log = require "engine.log"
local text = require "engine.text"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local invitee = require "slack.invitee"
local lost_call = require "slack.lost_call"
local message = require "slack.message"
local on_call = require "slack.on_call"
local people = require "slack.people"
local permit = require "slack.permit"

local STRATEGY = "integrations/slack/oncall_call"
local NAME_MAX = 100

-- <is_named>: of whom; everybody without it.
local function names_of(called, is_named)
  local names = {}
  for _, person in ipairs(called) do
    if not is_named or is_named(person) then
      names[#names + 1] = text.cut(person.name or person.username, NAME_MAX, "\u{2026}")
    end
  end
  return table.concat(names, ", ")
end

-- What the timeline says of it.
local function record_of(service, called, said)
  local words = ("Who is on call for %s was called: %s."):format(service, names_of(called))
  local unheard = names_of(called, function(person) return said[person.id] == "refused" end)
  return unheard == "" and words or ("%s No direct message reached %s."):format(words, unheard)
end

local function invite(incident, called, service)
  local wanted = {}
  for i, person in ipairs(called) do
    wanted[i] = { person = person, reason = "was called: on call for " .. service }
  end
  return invitee.invite_all(incident, STRATEGY, wanted)
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

-- Who heard is not told again. What nobody knows the outcome of is said again: a call that comes twice wakes people up,
-- one that does not come lets them sleep. Returns how many have heard; nil and an error when somebody is worth another
-- try.
local function tell_each(ctx, called, words)
  local said, count = ctx.progress.said or {}, 0
  for _, person in ipairs(called) do
    if not said[person.id] then
      local err = tell(person, words)
      if err then log.warn("somebody on call was not told: " .. tostring(err)) end
      if err and err.retryable then return nil, err end
      said[person.id] = err and "refused" or "told"
      ctx:note { said = said }
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
  local told, untold = tell_each(ctx, called, words_of(incident, called, args.service))
  if not told then return nil, untold end
  if told == 0 and not incident.conversation then
    return nil, client.error { code = "unavailable", message = "none of them could be told in a direct message" }
  end
  local noted, refusal = incidents.update({
    id = incident.id, message = record_of(args.service, called, ctx.progress.said or {}),
    event_type = "trigger_oncall", request_key = "slack:oncall:" .. args.key,
  }, permit.actor(args.person_id))
  if not noted then return nil, refusal end
  if not incident.conversation then return true end
  local invited, problem = invite(incident, called, args.service)
  if not invited then return nil, problem end
  return say_in_channel(ctx, incident, words_of(incident, called, args.service, true), noted.update_id)
end

local function who_of(args) return "Who is on call for " .. args.service end

-- Begun anew by an operator after it was given up, it counts as called again.
local function call(ctx, args)
  local done, err = send(ctx, args)
  if err then
    lost_call.tell_late(ctx, args, who_of(args), err)
  else
    on_call.set_called(args.incident_id, on_call.key(args.service), true)
  end
  return done, err
end

local function heard_any(job)
  for _, outcome in pairs(job.progress.said or {}) do
    if outcome == "told" then return true end
  end
  return false
end

-- Whom nobody has told can be called again; who was told may come all the same.
local function give_up(_, event)
  local job, err = lost_call.find(event)
  if not job then return nil, err end
  local who = who_of(job.args)
  if heard_any(job) then
    lost_call.tell(job, who, {
      timeline = who .. " was told in a direct message; the rest of the call failed.",
      caller = ("*%s* was told in a direct message, but the rest of the call failed. Please see whether they come.")
        :format(blocks.escape(who, 200)),
    })
    return
  end
  on_call.set_called(job.args.incident_id, on_call.key(job.args.service), false)
  lost_call.tell(job, who)
end

return {
  about = "Calls who is on call",
  enabled = function(settings) return settings.slack.token ~= "" end,
  jobs = { call = call },
  on = { ["job.died"] = give_up },
  touching = { ["job.died"] = { "integrations/slack/oncall_call:call" } },
}
