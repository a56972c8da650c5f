-- invite: everyone whom the invite strategies name, in few calls. Who cannot be invited is recorded
-- with Slack's reason, tried again later, and does not keep the others out. The strategies are asked
-- again when what they decide by has changed: that brings new people, and nobody a second time, so
-- whoever has left stays away.
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local invites = require "engine.invites"
local jobs = require "engine.jobs"
local log = require "engine.log"
local people_of = require "engine.people"
local blocks = require "slack.blocks"
local client = require "slack.client"
local incident_text = require "slack.incident_text"
local message = require "slack.message"
local people = require "slack.people"
local remedies = require "slack.remedies"
local step = require "slack.step"

local CHUNK, SMALL_CHUNK = 100, 30
local MAX_CALLS = 40                   -- a run; what is left waits for the next one
local MAX_ROUNDS = 3
local ROUND_DELAY_MS = 5 * 1000
local KIND_FAILED = "invitations_failed"
local MOST_NAMED = 20

local IS_IN = { already_in_channel = true }
local TOO_MANY = { too_many_users = true, too_many_members = true, invalid_arguments = true }
local NOT_PERSONAL = {                 -- refusals that say nothing about one person
  channel_not_found = true, is_archived = true, not_in_channel = true, missing_scope = true,
  no_permission = true,
  method_not_supported_for_channel_type = true, invalid_auth = true, account_inactive = true,
  token_revoked = true,
}

-- Asks the strategies and stores who is to be invited, with the reasons.
local function collect(ctx, incident)
  if ctx.progress.is_collected then return true end
  local answer, err = invites.collect(incident)
  if not answer then return nil, err end
  local requested, refusal = invitations.request {
    incident_id = incident.id, platform = "slack", people = answer.people, runs = answer.runs,
  }
  if not requested then return nil, refusal end
  ctx:note { is_collected = true }
  return true
end

local function errors_by_user(list)
  local reasons = {}
  for _, one in ipairs(list or {}) do
    if type(one) == "table" and type(one.user) == "string" then
      reasons[one.user] = tostring(one.error)
    end
  end
  return reasons
end

-- What became of each person of a chunk that Slack answered person by person. <is_partial>: those
-- without an error are in.
local function personal_results(chunk, errors, is_partial)
  local reasons, results, rest = errors_by_user(errors), {}, {}
  for _, one in ipairs(chunk) do
    local reason = reasons[one.external_id]
    if reason and not IS_IN[reason] then
      results[#results + 1] = { person_id = one.person_id, state = "pending", error = reason }
    elseif reason or is_partial then
      results[#results + 1] = { person_id = one.person_id, state = "invited" }
    else
      rest[#rest + 1] = one
    end
  end
  return results, rest
end

local function ids_of(chunk)
  local ids = {}
  for i, one in ipairs(chunk) do ids[i] = one.external_id end
  return table.concat(ids, ",")
end

local function halves(chunk)
  local middle = #chunk // 2
  return table.move(chunk, 1, middle, 1, {}), table.move(chunk, middle + 1, #chunk, 1, {})
end

local function part(list, first, size)
  return table.move(list, first, math.min(first + size - 1, #list), 1, {})
end

-- One run over the waiting people. `queue` holds chunks; a refused chunk comes back smaller.
local Run = {}
Run.__index = Run

function Run.new(channel)
  return setmetatable({ channel = channel, queue = {}, results = {}, calls = 0 }, Run)
end

function Run:add(persons, size)
  for first = 1, #persons, size do self.queue[#self.queue + 1] = part(persons, first, size) end
end

function Run:keep(results)
  table.move(results, 1, #results, #self.results + 1, self.results)
end

-- Slack refused a whole chunk. Returns an error only when it is not about its people.
function Run:refused(chunk, err)
  if err.errors then
    local results, rest = personal_results(chunk, err.errors, false)
    self:keep(results)
    if #results == 0 then return err end
    if #rest > 0 then self:add(rest, #rest) end
    return nil
  end
  if err.retryable or NOT_PERSONAL[err.slack] then return err end
  if #chunk == 1 then
    self:keep(personal_results(chunk, {
      { user = chunk[1].external_id, error = err.slack or tostring(err) },
    }, false))
  elseif TOO_MANY[err.slack] and #chunk > SMALL_CHUNK then
    self:add(chunk, SMALL_CHUNK)
  else
    local first, second = halves(chunk)
    self:add(first, #first)
    self:add(second, #second)
  end
  return nil
end

function Run:go()
  while #self.queue > 0 and self.calls < MAX_CALLS do
    local chunk = table.remove(self.queue, 1)
    self.calls = self.calls + 1
    local answer, err = client.call("conversations.invite", {
      channel = self.channel, users = ids_of(chunk), force = true,
    })
    if answer then
      self:keep((personal_results(chunk, answer.errors, true)))
    else
      local problem = self:refused(chunk, err)
      if problem then return problem end
    end
  end
end

local function still_waiting(results)
  local count = 0
  for _, result in ipairs(results) do
    if result.state ~= "invited" then count = count + 1 end
  end
  return count
end

local function give_up(results)
  for _, result in ipairs(results) do
    if result.state == "pending" then result.state = "failed" end
  end
end

local function failed_of(results)
  local failed = {}
  for _, result in ipairs(results) do
    if result.state == "failed" then
      failed[#failed + 1] = { person_id = result.person_id, error = result.error }
    end
  end
  return failed
end

-- The channel hears who is missing, so that somebody reaches them another way.
local function tell_failed(ctx, incident, conversation)
  local failed, lines = ctx.progress.failed or {}, {}
  if #failed == 0 then return true end
  for i = 1, math.min(#failed, MOST_NAMED) do
    local who = people.mention(people_of.get { id = failed[i].person_id })
    local word = failed[i].error or "?"
    lines[i] = ("\u{2022} %s (%s)"):format(who, blocks.escape(remedies[word] or word, 100))
  end
  if #failed > MOST_NAMED then lines[#lines + 1] = ("and %d more"):format(#failed - MOST_NAMED) end
  local words = ":warning: *These people could not be invited.* Whoever needs them reaches them another way.\n"
    .. table.concat(lines, "\n")
  return message.replace(ctx, {
    conversation = conversation, incident = incident, kind = KIND_FAILED, blocks = { blocks.section(words) },
    text = "Some people could not be invited to " .. incident_text.headline(incident),
  })
end

-- Those who are left get another round, apart from the incident's lane: nothing else waits for
-- them. <origin> is the job of the first round: a later call of the strategies has rounds of its own.
local function plan_next_round(incident, origin, round)
  return jobs.enqueue {
    handler = "integrations/slack/invite:again",
    args = { incident_id = incident.id, origin = origin, round = round + 1 }, incident_id = incident.id,
    delay_ms = ROUND_DELAY_MS * round, key = ("slack.invite:%s:%d"):format(origin, round + 1),
  }
end

local function invite_pending(ctx, incident, conversation, origin, round)
  local pending, err = invitations.pending { incident_id = incident.id, platform = "slack" }
  if not pending then return nil, err end
  local run = Run.new(conversation.external_id)
  run:add(pending, CHUNK)
  local problem = run:go()
  if round >= MAX_ROUNDS and not problem and #run.results > 0 then
    give_up(run.results)
    ctx:note { failed = failed_of(run.results) }
  end
  if #run.results > 0 then
    local recorded, refusal = invitations.outcome {
      incident_id = incident.id, results = run.results,
    }
    if not recorded then return nil, refusal end
  end
  if problem then return nil, problem end
  local waiting = still_waiting(run.results) + #run.queue
  if waiting == 0 then return tell_failed(ctx, incident, conversation) end
  log.warn(("%d people could not be invited (round %d of %d)"):format(waiting, round, MAX_ROUNDS),
    { incident = incident.id })
  if round >= MAX_ROUNDS then return tell_failed(ctx, incident, conversation) end
  return plan_next_round(incident, origin, round)
end

local function again(ctx, args)
  local incident, err = incidents.get { id = args.incident_id }
  if not incident then return nil, err end
  if not incident.conversation then return end
  return invite_pending(ctx, incident, incident.conversation, args.origin or incident.id, args.round)
end

-- A private incident grows by its roles only.
local function is_due(incident, event)
  return event.kind ~= "incident.updated" or not (incident.is_private or incident.closed_at_ms)
end

return step.unit {
  about = "Invites the people whom the invite strategies name",
  events = { "conversation.created", "incident.updated" }, order = 60,
  touching = { ["incident.updated"] = { "priority", "category", "environment", "environments" } },
  run = function(ctx, incident, conversation, event)
    if not is_due(incident, event) then return end
    local collected, err = collect(ctx, incident)
    if not collected then return nil, err end
    return invite_pending(ctx, incident, conversation, tostring(ctx.job_id), 1)
  end,
  jobs = { again = again },
}
