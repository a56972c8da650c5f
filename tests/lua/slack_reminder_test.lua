-- slack_reminder: what is asked again after each span is asked once a span, however often somebody looks.
local incidents = require "engine.incidents"
local kernel = require "engine.kernel"
local people = require "engine.people"
local reminder = require "slack.reminder"

local HANDLER = "integrations/slack/reminders:remind"
local EVERY_MS = 60 * 60 * 1000

local function declare()
  local author = assert(people.upsert {
    platform = "slack", external_id = "U1", handle = "user1", name = "User 1", email = "user1@example.test",
    is_active = true, is_bot = false,
  })
  return assert(incidents.declare {
    title = "Checkout answers with errors", description = "All card payments fail.", priority = "P1",
    category = "Payment", environment = "PRD", created_by = author.id,
  }).incident
end

local function look(incident, span)
  assert(reminder.look(HANDLER, { status_below = 60 }, function(row) return row.id == incident.id and span or nil end))
end

-- The jobs planned for an incident; they end without being run.
local function planned(incident)
  local jobs = assert(kernel.call("job.list", { incident_id = incident.id, handler = HANDLER, state = "ready" }))
  for _, job in ipairs(jobs) do assert(kernel.call("job.cancel", { id = job.id })) end
  return #jobs
end

local function ask(incident, span, done, err)
  return reminder.ask({ handler = HANDLER, incident = incident, span = span, every_ms = EVERY_MS }, function()
    return done, err
  end)
end

return {
  ["nothing is planned while no span is over, and one job for one that is"] = function(t)
    local incident = declare()
    look(incident, nil)
    t.equal(planned(incident), 0)
    look(incident, "1_1")
    look(incident, "1_1")
    t.equal(planned(incident), 1)
  end,

  ["what was asked is not asked again until the next span is over"] = function(t)
    local incident = declare()
    t.truthy(ask(incident, "1_1", true))
    look(incident, "1_1")
    t.equal(planned(incident), 0)
    look(incident, "1_2")
    t.equal(planned(incident), 1)
  end,

  ["a question that failed for a while is asked again, one that was refused for good is not"] = function(t)
    local incident = declare()
    local done, err = ask(incident, "1_1", nil, { retryable = true })
    t.equal({ done, err.retryable }, { nil, true })
    look(incident, "1_1")
    t.equal(planned(incident), 1)
    done, err = ask(incident, "1_1", nil, { retryable = false })
    t.equal({ done, err.retryable }, { nil, false })
    look(incident, "1_1")
    t.equal(planned(incident), 0)
  end,
}
