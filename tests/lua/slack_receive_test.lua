-- slack_receive: through the real server, as Slack sends: who is let in, and what is answered.
local crypto = require "engine.crypto"
local http = require "engine.http"
local incidents = require "engine.incidents"
local json = require "engine.json"
local people = require "engine.people"
local time = require "engine.time"
local url = require "engine.url"
local request_of = require "slack.request"
local router = require "slack.router"

local PATH = "/api/v2/firefighter/slack/incident/"
local TITLE = "Checkout answers with errors in all shops"

local function post(t, body, options)
  options = options or {}
  local stamp = tostring(time.now_ms() // 1000)
  local digest = crypto.hmac_sha256_hex(options.secret or "a secret of tests", "v0:" .. stamp .. ":"
    .. body)
  return assert(http.request {
    method = "POST", url = t.url .. PATH, body = body, headers = {
      ["Content-Type"] = options.type or "application/x-www-form-urlencoded",
        ["X-Slack-Request-Timestamp"] = stamp,
      ["X-Slack-Signature"] = not options.is_unsigned and "v0=" .. digest or "",
    },
  })
end

local function command(t, text, more)
  local fields = {
    command = "/incident", text = text, user_id = "U1", user_name = "ann",
    trigger_id = crypto.random_hex(8),
  }
  for name, value in pairs(more or {}) do fields[name] = value end
  return post(t, url.encode(fields))
end

local function said(reply)
  return json.encode(json.decode(reply.body))
end

local function know_ann()
  assert(people.upsert {
    platform = "slack", external_id = "U1", handle = "ann", name = "Ann", is_active = true,
    is_bot = false,
  })
end

return {
  ["without the right signature nothing happens"] = function(t)
    for _, options in ipairs { { secret = "guessed" }, { is_unsigned = true } } do
      local reply = post(t, "command=%2Fincident&text=open+P1+" .. ("a"):rep(20), options)
      t.equal({ reply.status, json.decode(reply.body) }, { 401, { error = "invalid request" } })
    end
    t.equal(#assert(incidents.list {}), 0)
  end,

  ["the certificate check needs no signature and does nothing else"] = function(t)
    local reply = post(t, "ssl_check=1&command=%2Fincident&text=open+P1+" .. ("a"):rep(20),
      { is_unsigned = true })
    t.equal({ reply.status, reply.body }, { 200, "" })
    t.equal(#assert(incidents.list {}), 0)
  end,

  ["the challenge is given back"] = function(t)
    local reply = post(t, '{"type":"url_verification","challenge":"abc"}', {
      type = "application/json",
    })
    t.equal(json.decode(reply.body), { challenge = "abc" })
  end,

  ["broken requests are answered with a reason"] = function(t)
    for _, body in ipairs {
      "payload=%7Bbroken", "other=1", "", "payload=%5B1%5D", "payload=%7B%22type%22%3A%22x%22%7D",
    } do
      local reply = post(t, body)
      t.equal(reply.status, 400, body)
      t.truthy(json.decode(reply.body).error, body)
    end
    t.equal(post(t, ("["):rep(20000), { type = "application/json" }).status, 400)
  end,

  ["help, no word, a typing mistake, another command"] = function(t)
    t.matches(said(command(t, "help")), "open P2")
    t.matches(said(command(t, "")), "open P2")
    t.matches(said(command(t, "opne")), "Did you mean `open`")
    t.falsy(said(command(t, "something quite different")):find("Did you mean"))
    t.matches(said(command(t, "open", { command = "/other" })), "/incident")
  end,

  ["a quick declaration is on disk before the answer"] = function(t)
    know_ann()
    t.matches(said(command(t, "open p1 " .. TITLE)), "was declared")
    local rows = assert(incidents.list {})
    t.equal({
      #rows, rows[1].title, rows[1].priority.name, rows[1].created_by.name,
    }, { 1, TITLE, "P1", "Ann" })
  end,

  ["a quick declaration may name its category, or how that begins"] = function(t)
    know_ann()
    for _, tag in ipairs { "#search", "#Sea", "#sEARCH" } do
      t.matches(said(command(t, "open P4 " .. tag .. " " .. TITLE)), "was declared")
      local newest = assert(incidents.list { limit = 1 })[1]
      t.equal({ newest.title, newest.category.name }, { TITLE, "Search" })
    end
    t.matches(said(command(t, "open P4 #12 is back again, worse")), "was declared")
    t.equal(assert(incidents.list { limit = 1 })[1].title, "#12 is back again, worse")
  end,

  ["the same delivery again declares nothing new"] = function(t)
    know_ann()
    local before = #assert(incidents.list {})
    for _ = 1, 3 do command(t, "open P1 " .. TITLE, { trigger_id = "the same" }) end
    t.equal(#assert(incidents.list {}), before + 1)
  end,

  ["a click that comes again does its work once"] = function(t)
    know_ann()
    local opened = 0
    t.http_stub { ["POST /views.open"] = function()
      opened = opened + 1
      return { json = { ok = true, view = { id = "V1", hash = "1" } } }
    end }
    local function click(trigger_id)
      local given = assert(request_of.read {
        headers = { ["content-type"] = "application/x-www-form-urlencoded" },
        body = url.encode { payload = json.encode {
          type = "block_actions", user = { id = "U1", name = "ann" }, trigger_id = trigger_id,
          actions = { { type = "button", action_id = "open_incident", block_id = "b", action_ts = "1.0" } },
        } },
      })
      router.dispatch(given).after()
    end
    for _ = 1, 3 do click("1.one") end
    t.equal(opened, 1)
    click("2.two")
    t.equal(opened, 2)
  end,

  ["what is wrong with a quick declaration is said, and nothing is declared"] = function(t)
    know_ann()
    local before = #assert(incidents.list {})
    t.matches(said(command(t, "open P9 " .. TITLE)), "no priority `P9`")
    t.matches(said(command(t, "open P1 short")), "5 characters")
    t.matches(said(command(t, "open P1 " .. ("x"):rep(10000))), "10000 characters")
    t.matches(said(command(t, "open P1")), "What is broken%?")
    t.matches(said(command(t, "open P1 #nothing " .. TITLE)), "no category `#nothing`. There are `#")
    t.matches(said(command(t, "open P1 #search short")), "5 characters")
    t.equal(#assert(incidents.list {}), before)
  end,

  ["markup in a title is only text"] = function(t)
    know_ann()
    local answer = said(command(t, "open P4 <!channel> تعطل الدفع 🔥 & more"))
    t.matches(answer, "&lt;!channel&gt;")
    t.falsy(answer:find("<!channel>", 1, true))
  end,

  ["Slack says that there is no such user: nothing is declared"] = function(t)
    local before = #assert(incidents.list {})
    t.http_stub { ["POST /users.info"] = { json = { ok = false, error = "user_not_found" } } }
    t.matches(said(command(t, "open P1 " .. TITLE, { user_id = "U404" })), "who you are")
    t.equal(#assert(incidents.list {}), before)
  end,

  ["Slack is down: an unknown sender may declare all the same"] = function(t)
    t.http_stub { ["POST /users.info"] = { status = 503, body = "" } }
    t.matches(said(command(t, "open P1 " .. TITLE, {
      user_id = "U77", user_name = "bo",
    })), "was declared")
    t.equal(assert(people.get {
      platform = "slack", external_id = "U77",
    }).accounts.slack.handle, "bo")
  end,

  ["an unknown form and an unknown event do no harm"] = function(t)
    local payload = {
      type = "view_submission", user = { id = "U1" },
      view = { id = "V1", callback_id = "no_such_view" },
    }
    local reply = post(t, url.encode { payload = json.encode(payload) })
    t.equal(json.decode(reply.body).response_action, "update")
    reply = post(t, '{"type":"event_callback","event_id":"Ev1","event":{"type":"no_such"}}', {
      type = "application/json",
    })
    t.equal({ reply.status, reply.body }, { 200, "" })
  end,
}
