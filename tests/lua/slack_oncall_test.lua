-- slack_oncall: who is on call is called once each, hears no title of a private incident, and a call that reached
-- nobody can be made again.
local incidents = require "engine.incidents"
local kernel = require "engine.kernel"
local people = require "engine.people"
local time = require "engine.time"
local url = require "engine.url"

local SERVICE = "data"

local function person(number)
  return assert(people.upsert {
    platform = "slack", external_id = "U70" .. number, handle = "oncall" .. number, name = "On Call " .. number,
    email = "oncall" .. number .. "@example.test", is_active = true, is_bot = false,
  })
end

local function declare(is_private)
  return assert(incidents.declare {
    title = "Checkout answers with errors", description = "All card payments fail.", priority = "P4",
    category = "Payment", environment = "PRD", created_by = person(1).id, private = is_private,
  }).incident
end

local function context()
  local ctx = { job_id = 7, attempt = 1, created_at_ms = time.now_ms(), unknown = false, progress = {} }
  function ctx.note(self, change)
    for name, value in pairs(change) do self.progress[name] = value end
    return true
  end
  return ctx
end

-- Slack that answers messages to <refusing> with <reply>. Returns the list of {to, text} that it took or refused.
local function slack(t, refusing, reply)
  local said = {}
  t.http_stub { ["POST /chat.postMessage"] = function(request)
    local form = url.parse_form(request.body)
    said[#said + 1] = { form.channel, form.text }
    if refusing and refusing[form.channel] then return reply end
    return { json = { ok = true, ts = "1700000000.000" .. 100 + #said } }
  end }
  return said
end

local function set_on_call(people_on_call)
  local rows = {}
  for i, one in ipairs(people_on_call) do rows[i] = { service = SERVICE, level = 1, email = one.email } end
  assert(kernel.call("oncall.set", { provider = "slack_oncall_test", rows = rows }))
end

local function call(t, ctx, incident)
  set_on_call { person(1), person(2) }
  local done, err = t.load("strategies/integrations/slack/oncall_call.lua").jobs.call(ctx, {
    incident_id = incident.id, service = SERVICE, person_id = person(1).id, key = "view" .. incident.id,
  })
  set_on_call {}
  return done, err
end

return {
  ["the title of a private incident is told to nobody outside"] = function(t)
    local said = slack(t)
    t.truthy(call(t, context(), declare(true)))
    t.equal(#said, 2)
    for _, one in ipairs(said) do
      t.matches(one[2], "private incident #%d+")
      t.falsy(one[2]:find("Checkout", 1, true), one[2])
    end
    said = slack(t)
    t.truthy(call(t, context(), declare(false)))
    t.matches(said[1][2], "Checkout answers with errors")
  end,

  ["who was told is not told again when another is tried again"] = function(t)
    local ctx, incident = context(), declare(false)
    local said = slack(t, { U702 = true }, { status = 429, headers = { ["Retry-After"] = "1" }, body = "" })
    local done, err = call(t, ctx, incident)
    t.equal({ done, err.retryable }, { nil, true })
    t.equal({ said[1][1], said[2][1] }, { "U701", "U702" })
    t.advance "2m"
    said = slack(t)
    t.truthy(call(t, ctx, incident))
    t.equal({ #said, said[1][1] }, { 1, "U702" })
  end,

  ["the timeline names whom no direct message reached"] = function(t)
    local incident = declare(false)
    slack(t, { U702 = true }, { json = { ok = false, error = "channel_not_found" } })
    t.truthy(call(t, context(), incident))
    local record = incidents.detail({ id = incident.id }).updates[1]
    t.equal(record.message,
      "Who is on call for data was called: On Call 1, On Call 2. No direct message reached On Call 2.")
  end,

  ["a call that takes long is said once, and is not on the timeline as made"] = function(t)
    local incident, ctx = declare(false), context()
    local said = slack(t, { U702 = true }, { status = 500, body = "" })
    for attempt = 1, 7 do
      ctx.attempt = attempt
      t.falsy(call(t, ctx, incident))
      t.advance "2m"
    end
    local late = 0
    for _, one in ipairs(said) do
      if one[2]:find("could not be called yet", 1, true) then late = late + 1 end
    end
    t.equal(late, 1)
    local words = {}
    for _, update in ipairs(incidents.detail({ id = incident.id }).updates) do words[#words + 1] = update.message end
    t.equal(words, { "Who is on call for data could not be called yet. It is tried again." })
  end,

  ["a conversation that refuses it keeps an ordinary incident from no other"] = function(t)
    local incident = declare(false)
    local said = slack(t, { C0TEAM = true }, { json = { ok = false, error = "is_archived" } })
    local unit = t.load "strategies/integrations/slack/tell_teams.lua"
    local _, err = unit.on["incident.created"](context(), { incident_id = incident.id })
    t.matches(err.message, "is_archived")
    t.equal({ said[1][1], said[2][1] }, { "C0TEAM", "C0TEAM2" })
  end,

  ["a topic that is refused for good is tried again the next day, not at the next look"] = function(t)
    local unit, tried = t.load "strategies/integrations/slack/oncall_topic.lua", 0
    local answer = { ok = false, error = "is_archived" }
    t.http_stub { ["POST /conversations.setTopic"] = function()
      tried = tried + 1
      return { json = answer }
    end }
    set_on_call { person(1) }
    local update = unit.tasks["slack.update_oncall"].run
    local done, err = update(context())
    t.equal({ done, err.slack }, { nil, "is_archived" })
    done, err = update(context())
    t.equal({ done, err, tried }, { nil, nil, 1 })
    set_on_call { person(2) }
    done, err = update(context())
    t.equal({ done, err.slack, tried }, { nil, "is_archived", 2 }, "who is on call has changed")
    answer = { ok = true }
    t.advance "25h"
    done, err = update(context())
    t.equal({ done, err, tried }, { nil, nil, 3 })
    set_on_call {}
  end,
}
