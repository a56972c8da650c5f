-- slack_request: every kind of request has one shape, and whatever is odd in it is taken for missing.
local json = require "engine.json"
local url = require "engine.url"
local request_of = require "slack.request"

local FORM = "application/x-www-form-urlencoded"

local function form(fields)
  return { headers = { ["content-type"] = FORM .. "; charset=utf-8" }, body = url.encode(fields) }
end

local function body(text)
  return { headers = { ["content-type"] = "application/json" }, body = text }
end

local function payload(value)
  return form { payload = json.encode(value) }
end

return {
  ["a command has its words and its sender"] = function(t)
    local given = request_of.read(form {
      command = "/incident", text = " open ", user_id = "U1", trigger_id = "7",
    })
    t.equal({
      given.kind, given.text, given.user_id, given.trigger_id, given.response_url,
    }, { "command", " open ", "U1", "7", "" })
  end,

  ["a click has its action and its view"] = function(t)
    local given = request_of.read(payload {
      type = "block_actions", user = { id = "U1", username = "ann" },
      actions = { { action_id = "go", value = "1" } },
      view = {
        id = "V1", root_view_id = "V0", private_metadata = "{}", state = { values = { a = {} } },
      },
    })
    t.equal({
      given.kind, given.action.id, given.view.id, given.view.root_id,
    }, { "block_actions", "go", "V1", "V0" })
    t.equal(given.user_name, "ann")
  end,

  ["fields of another type are taken for missing"] = function(t)
    local given = request_of.read(payload {
      type = "block_actions", user = 7, actions = "x", view = { state = json.null, id = { 1 } },
      trigger_id = json.null,
    })
    t.equal({ given.user_id, given.action.id, given.view.id, given.trigger_id }, { "", "", "", "" })
    t.equal(given.view.values, {})
  end,

  ["a NUL byte and bytes that are no UTF-8 do not come through"] = function(t)
    local given = request_of.read {
      headers = { ["content-type"] = FORM }, body = "command=%2Fincident&text=%ff%fe%00",
    }
    t.truthy(utf8.len(given.text))
    t.falsy(given.text:find("\0", 1, true))
  end,

  ["what cannot be read is refused with a reason"] = function(t)
    local broken = {
      form { payload = "{broken" }, form { payload = "7" }, form { other = "1" }, form {}, body "{",
        body "null",
      body("[" .. ("["):rep(20000)), body '{"type":"nothing"}',
      { headers = { ["content-type"] = FORM }, body = ("a=1&"):rep(1001) .. "ssl_check=1" },
    }
    for i, request in ipairs(broken) do
      t.falsy(request_of.is_ssl_check(request), i)
      local given, why = request_of.read(request)
      t.equal(given, nil, i)
      t.truthy(why, i)
    end
  end,

  ["events and the challenge"] = function(t)
    local given = request_of.read(body '{"type":"event_callback","event_id":"Ev1","event":{"type":"team_join"}}')
    t.equal({ given.kind, given.event_id, given.event.type }, { "event", "Ev1", "team_join" })
    t.equal(request_of.read(body '{"type":"url_verification","challenge":"abc"}').challenge, "abc")
  end,

  ["envelopes of Socket Mode"] = function(t)
    local given = request_of.from_envelope { envelope_id = "e1", type = "slash_commands",
      payload = { command = "/incident", text = "open\0 P2", user_id = "U1", trigger_id = "1.2" } }
    t.equal({ given.kind, given.command, given.user_id, given.signature }, { "command", "/incident", "U1", "e1" })
    given = request_of.from_envelope { envelope_id = "e2", type = "interactive",
      payload = { type = "view_submission", user = { id = "U1" }, view = { callback_id = "incident_open" } } }
    t.equal({ given.kind, given.view.callback_id }, { "view_submission", "incident_open" })
    given = request_of.from_envelope { envelope_id = "e3", type = "events_api",
      payload = { type = "event_callback", event_id = "Ev1", event = { type = "team_join" } } }
    t.equal({ given.kind, given.event_id }, { "event", "Ev1" })
    for _, broken in ipairs { { type = "other" }, { type = "events_api" }, {} } do
      local nothing, why = request_of.from_envelope(broken)
      t.equal(nothing, nil)
      t.truthy(why)
    end
  end,

  ["the certificate check is a form with ssl_check=1"] = function(t)
    t.equal(request_of.is_ssl_check(form { ssl_check = "1", token = "x" }), true)
    t.equal(request_of.is_ssl_check(form { text = "ssl_check=1" }), false)
    t.equal(request_of.is_ssl_check(body "ssl_check=1"), false)
  end,
}
