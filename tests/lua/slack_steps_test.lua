-- slack_steps: the jobs after a declaration: each effect happens once, whatever became of the try before.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local json = require "engine.json"
local people = require "engine.people"
local url = require "engine.url"

local AUTH = {
  json = { ok = true, url = "https://x.slack.com/", team = "X", team_id = "T1", user_id = "U0BOT" },
}

local function step(t, name)
  local unit = t.load("strategies/integrations/slack/" .. name .. ".lua")
  local _, handler = next(unit.on)
  return handler, unit
end

local function context(incident, more)
  local ctx = { job_id = 7, attempt = 1, incident_id = incident.id, unknown = false, progress = {} }
  function ctx.note(self, change)
    for name, value in pairs(change) do self.progress[name] = value end
    return true
  end
  for name, value in pairs(more or {}) do ctx[name] = value end
  return ctx, { kind = "incident.created", incident_id = incident.id }
end

local function person(number)
  return assert(people.upsert {
    platform = "slack", external_id = "U" .. number, handle = "user" .. number,
    name = "User " .. number,
    email = "user" .. number .. "@example.test", is_active = true, is_bot = false,
  })
end

local function declare(options)
  return assert(incidents.declare {
    title = "Checkout answers with errors", description = "All card payments fail.",
    priority = options.priority or "P1",
    category = "Payment", environment = "PRD", created_by = person(1).id,
    private = options.is_private,
  }).incident
end

local function with_channel()
  local incident = declare {}
  assert(conversations.opened {
    incident_id = incident.id, platform = "slack", external_id = "C-" .. incident.id, name = "x",
    type = "public",
  })
  return incident
end

local function arguments(stub, path)
  local found = {}
  for _, call in ipairs(stub.calls) do
    if call.path == path then found[#found + 1] = url.parse_form(call.body) end
  end
  return found
end

local function created(name)
  return { ok = true, channel = { id = "C-" .. name, name = name } }
end

return {
  ["a taken name gets a number"] = function(t)
    local incident = declare {}
    local stub = t.http_stub {
      ["POST /auth.test"] = AUTH, ["POST /conversations.list"] = {
        json = { ok = true, channels = {} },
      },
      ["POST /conversations.create"] = function(request)
        local name = url.parse_form(request.body).name
        return { json = name:find("-2$") and created(name) or { ok = false, error = "name_taken" } }
      end,
    }
    t.equal(step(t, "open_channel")(context(incident)), nil)
    t.equal(#arguments(stub, "/conversations.create"), 2)
    t.matches(assert(incidents.get { id = incident.id }).conversation.name, "%-payment%-2$")
  end,

  ["a channel that we created without hearing of it is adopted"] = function(t)
    local incident = declare {}
    local made
    t.http_stub {
      ["POST /conversations.create"] = function(request)
        made = url.parse_form(request.body).name
        return { json = { ok = false, error = "name_taken" } }
      end,
      ["POST /conversations.list"] = function()
        return { json = { ok = true, channels = {
          {
            id = "C-old", name = made, creator = "U0BOT",
            created = incident.created_at_ms // 1000 - 86400, is_private = false,
          },
          {
            id = "C-theirs", name = made, creator = "U9", created = incident.created_at_ms // 1000,
            is_private = false,
          },
          {
            id = "C-ours", name = made, creator = "U0BOT", created = incident.created_at_ms // 1000,
            is_private = false,
          },
        } } }
      end,
    }
    step(t, "open_channel")(context(incident, { unknown = true }))
    t.equal(assert(incidents.get { id = incident.id }).conversation.external_id, "C-ours")
  end,

  ["a private incident gets no public channel: it waits and says so"] = function(t)
    local incident = declare { is_private = true }
    local stub = t.http_stub {
      ["POST /conversations.create"] = { json = { ok = false, error = "restricted_action" } },
      ["POST /chat.postMessage"] = { json = { ok = true, ts = "1.2", channel = "D1" } },
    }
    local ctx, event = context(incident)
    local outcome, err = step(t, "open_channel")(ctx, event)
    t.equal({ outcome, err.retry_after_ms }, { "wait", 20000 })
    t.matches(err.message, "no public one")
    outcome, err = step(t, "open_channel")(ctx, event)
    t.equal({ outcome, err.retry_after_ms }, { "wait", 40000 })
    t.equal(#arguments(stub, "/chat.postMessage"), 1)   -- its author hears of it once
    for _, form in ipairs(arguments(stub, "/conversations.create")) do
      t.equal(form.is_private, "true")
    end
    t.equal(assert(incidents.get { id = incident.id }).conversation, nil)
  end,

  ["a normal incident gets no channel"] = function(t)
    t.equal(step(t, "open_channel")(context(declare { priority = "P4" })), nil)
  end,

  ["an announcement that was sent already is found by its job, not sent again"] = function(t)
    local incident = with_channel()
    local stub = t.http_stub {
      ["POST /conversations.history"] = { json = { ok = true, messages = {
        {
          ts = "1.1",
          metadata = { event_payload = { ff_type = "ff_incident_declared", job_id = "6" } },
        }, { ts = "1.2" },
        {
          ts = "1.3",
          metadata = { event_payload = { ff_type = "ff_incident_declared", job_id = "7" } },
        },
      } } },
      ["POST /pins.add"] = { json = { ok = false, error = "already_pinned" } },
    }
    t.equal(step(t, "announce")(context(incident, { unknown = true })), true)
    t.equal(arguments(stub, "/pins.add")[1].timestamp, "1.3")
    t.equal(step(t, "announce")(context(incident)), true, "and it is remembered")
    t.equal(#arguments(stub, "/conversations.history"), 1)
  end,

  ["an announcement carries its kind and its job"] = function(t)
    local incident = with_channel()
    local stub = t.http_stub {
      ["POST /chat.postMessage"] = {
        json = { ok = true, ts = "2.1" },
      }, ["POST /pins.add"] = { json = { ok = true } },
    }
    t.equal(step(t, "announce")(context(incident)), true)
    local form = arguments(stub, "/chat.postMessage")[1]
    t.equal(json.decode(form.metadata), {
      event_type = "ff_incident_declared",
      event_payload = {
        ff_type = "ff_incident_declared", job_id = "7", incident_id = tostring(incident.id),
      },
    })
    t.matches(form.text, "<@U1>")
  end,

  ["to the shared channel it goes as a member"] = function(t)
    local incident = with_channel()
    local joined = false
    local stub = t.http_stub {
      ["POST /chat.postMessage"] = function()
        return {
          json = joined and { ok = true, ts = "3.1" } or { ok = false, error = "not_in_channel" },
        }
      end,
      ["POST /conversations.join"] = function()
        joined = true
        return { json = { ok = true } }
      end,
    }
    t.equal(step(t, "announce_to_all")(context(incident)), true)
    t.equal(arguments(stub, "/conversations.join")[1].channel, "C0ALL")
  end,

  ["a private incident is told to nobody"] = function(t)
    local incident = declare { is_private = true }
    assert(conversations.opened {
      incident_id = incident.id, platform = "slack", external_id = "G1", name = "x",
      type = "private",
    })
    for _, name in ipairs { "join", "announce_to_all", "deploy_warning" } do
      t.equal(step(t, name)(context(incident)), nil, name)
    end
  end,

  ["an author known by e-mail only is looked up and invited"] = function(t)
    local author = assert(people.ensure_email { email = "late@example.test", name = "Late" })
    local incident = assert(incidents.declare {
      title = "Checkout answers with errors", description = "x", priority = "P1",
      category = "Payment", environment = "PRD",
      created_by = author.id,
    }).incident
    assert(conversations.opened {
      incident_id = incident.id, platform = "slack", external_id = "C-late", name = "x",
      type = "public",
    })
    local stub = t.http_stub {
      ["POST /users.lookupByEmail"] = {
        json = {
          ok = true,
          user = { id = "U900", name = "late", profile = { email = "late@example.test" } },
        },
      },
      ["POST /conversations.invite"] = { json = { ok = false, error = "already_in_channel" } },
    }
    t.equal(step(t, "invite_author")(context(incident)), nil)
    t.equal(arguments(stub, "/conversations.invite")[1].users, "U900")
  end,

  ["250 people are invited in three calls; who is refused keeps nobody out"] = function(t)
    local incident = with_channel()
    local wanted = json.array {}
    for i = 1, 250 do
      wanted[i] = { person_id = person(1000 + i).id, strategy = "test", reason = "because" }
    end
    assert(invitations.request {
      incident_id = incident.id, platform = "slack", people = wanted, runs = json.array {},
    })
    local stub = t.http_stub {
      ["POST /conversations.invite"] = function(request)
        local form = url.parse_form(request.body)
        t.equal(form.force, "true")
        local errors = form.users:find("U1007", 1, true) and {
          { user = "U1007", ok = false, error = "user_not_found" },
        } or nil
        return { json = { ok = true, channel = {}, errors = errors } }
      end,
      ["POST /chat.postMessage"] = { json = { ok = true, ts = "5.1" } },
    }
    local handler, unit = step(t, "invite")
    t.truthy(handler(context(incident, { progress = { is_collected = true } })))
    t.equal(#stub.calls, 3)
    local left = assert(invitations.pending { incident_id = incident.id, platform = "slack" })
    t.equal({ #left, left[1].external_id }, { 1, "U1007" })
    t.truthy(unit.jobs.again(context(incident), { incident_id = incident.id, round = 3 }))
    t.equal(#stub.calls, 5)
    t.equal(#assert(invitations.pending {
      incident_id = incident.id, platform = "slack",
    }), 0, "given up, with the reason")
    local told = arguments(stub, "/chat.postMessage")
    t.equal(#told, 1)
    t.matches(told[1].blocks, "<@U1007> %(no such account%)", "and the channel is told")
  end,

  ["Slack takes only thirty at once: the chunk is made smaller"] = function(t)
    local incident = with_channel()
    local wanted = json.array {}
    for i = 1, 90 do
      wanted[i] = { person_id = person(2000 + i).id, strategy = "test", reason = "because" }
    end
    assert(invitations.request {
      incident_id = incident.id, platform = "slack", people = wanted, runs = json.array {},
    })
    local stub = t.http_stub {
      ["POST /conversations.invite"] = function(request)
        local _, commas = url.parse_form(request.body).users:gsub(",", "")
        return { json = commas >= 30 and { ok = false, error = "too_many_users" } or { ok = true } }
      end,
    }
    t.truthy(step(t, "invite")(context(incident, { progress = { is_collected = true } })))
    t.equal(#stub.calls, 4)
    t.equal(#assert(invitations.pending { incident_id = incident.id, platform = "slack" }), 0)
  end,

  ["one bad id without a list of errors is found by halves"] = function(t)
    local incident = with_channel()
    local wanted = json.array {}
    for i = 1, 8 do
      wanted[i] = { person_id = person(3000 + i).id, strategy = "test", reason = "because" }
    end
    assert(invitations.request {
      incident_id = incident.id, platform = "slack", people = wanted, runs = json.array {},
    })
    t.http_stub {
      ["POST /conversations.invite"] = function(request)
        local is_bad = url.parse_form(request.body).users:find("U3005", 1, true)
        return { json = is_bad and { ok = false, error = "cant_invite" } or { ok = true } }
      end,
    }
    t.truthy(step(t, "invite")(context(incident, { progress = { is_collected = true } })))
    local left = assert(invitations.pending { incident_id = incident.id, platform = "slack" })
    t.equal({ #left, left[1].external_id }, { 1, "U3005" })
  end,
}
