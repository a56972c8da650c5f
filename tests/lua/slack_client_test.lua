-- slack_client: what an answer means: done, refused for good, worth another try, or unknown.
local client = require "slack.client"
local url = require "engine.url"

local function answers(t, method, reply)
  return t.http_stub { ["POST /" .. method] = reply }
end

return {
  ["arguments travel as a form, tables in it as JSON, the token in its header"] = function(t)
    local stub = answers(t, "chat.postMessage", { json = { ok = true, ts = "1.2" } })
    local answer = client.call("chat.postMessage", {
      channel = "C1", text = "a&b é", unfurl_links = false, blocks = { { type = "divider" } },
    })
    t.equal(answer.ts, "1.2")
    local form = url.parse_form(stub.calls[1].body)
    t.equal(form, {
      channel = "C1", text = "a&b é", unfurl_links = "false", blocks = '[{"type":"divider"}]',
    })
    t.equal(stub.calls[1].headers.authorization, "Bearer xoxb-test")
  end,

  ["a refusal is for good and has Slack's word"] = function(t)
    answers(t, "conversations.create", { json = { ok = false, error = "name_taken" } })
    local err = t.refused("conflict", client.call("conversations.create", { name = "x" }))
    t.equal({ err.slack, err.retryable, err.unknown }, { "name_taken", false, false })
  end,

  ["an error of ours is for good unless it says otherwise"] = function(t)
    t.equal(client.error { code = "not_found", message = "x" }.retryable, false)
    t.equal(client.error { code = "unavailable", message = "x", retryable = true }.retryable, true)
  end,

  ["a missing scope is named"] = function(t)
    answers(t, "conversations.join", {
      json = { ok = false, error = "missing_scope", needed = "channels:join" },
    })
    local err = t.refused("forbidden", client.call("conversations.join", { channel = "C1" }))
    t.matches(err.message, "channels:join")
  end,

  ["an error of Slack's own may have had its effect"] = function(t)
    for _, word in ipairs {
      "internal_error", "fatal_error", "request_timeout", "service_unavailable",
    } do
      answers(t, "conversations.setTopic", { json = { ok = false, error = word } })
      local _, err = client.call("conversations.setTopic", { channel = "C1", topic = "x" })
      t.equal({ err.retryable, err.unknown }, { true, true }, word)
    end
  end,

  ["Retry-After is obeyed, and the method is held back for everybody"] = function(t)
    local stub = answers(t, "pins.add", {
      status = 429, headers = { ["Retry-After"] = "7" }, body = "",
    })
    local err = t.refused("rate_limited", client.call("pins.add", {
      channel = "C1", timestamp = "1",
    }))
    t.equal({ err.retry_after_ms, err.retryable, err.unknown }, { 7000, true, nil })
    err = t.refused("rate_limited", client.call("pins.add", {
      channel = "C1", timestamp = "1",
    }, { wait = "1s" }))
    t.truthy(err.retry_after_ms > 1000)
    t.equal(#stub.calls, 1, "requests")
  end,

  ["a Retry-After that is no number means half a minute"] = function(t)
    answers(t, "bookmarks.list", {
      status = 429, headers = { ["Retry-After"] = "soon" }, body = "",
    })
    local _, err = client.call("bookmarks.list", { channel_id = "C1" })
    t.equal(err.retry_after_ms, 30000)
  end,

  ["garbage, HTML and an empty answer are unknown outcomes"] = function(t)
    for _, body in ipairs { "{broken", "<html>", "", "null", "[]", '{"ok":"yes"}' } do
      answers(t, "users.info", { status = 200, body = body })
      local err = t.refused("unavailable", client.call("users.info", { user = "U1" }))
      t.equal({ err.retryable, err.unknown }, { true, true }, body)
    end
  end,

  ["a server error is unknown, a wrong address is not"] = function(t)
    answers(t, "users.info", { status = 503, body = '{"ok":true}' })
    local _, err = client.call("users.info", { user = "U1" })
    t.equal({ err.retryable, err.unknown }, { true, true })
    answers(t, "users.info", { status = 404, body = "not here" })
    _, err = client.call("users.info", { user = "U1" })
    t.equal({ err.retryable, err.unknown }, { true, false })
  end,

  ["a connection that breaks is an unknown outcome"] = function(t)
    answers(t, "conversations.info", { abort = true })
    local _, err = client.call("conversations.info", { channel = "C1" })
    t.equal({ err.retryable, err.unknown }, { true, true })
  end,

  ["a refusal that somebody can mend says how"] = function(t)
    answers(t, "pins.add", { json = { ok = false, error = "missing_scope", needed = "pins:write" } })
    local _, err = client.call("pins.add", { channel = "C1", timestamp = "1" })
    t.matches(err.message, "^pins.add: Slack says missing_scope %(needed: pins:write%): .*`halligan manifest`")
    answers(t, "pins.add", { json = { ok = false, error = "too_many_pins" } })
    _, err = client.call("pins.add", { channel = "C1", timestamp = "1" })
    t.equal(err.message, "pins.add: Slack says too_many_pins")
  end,

  ["pages follow the cursor to its end"] = function(t)
    local next_of = { [""] = "two", two = "three", three = "" }
    answers(t, "conversations.members", function(request)
      local cursor = url.parse_form(request.body).cursor or ""
      return {
        json = {
          ok = true, members = { cursor }, response_metadata = { next_cursor = next_of[cursor] },
        },
      }
    end)
    local seen = {}
    for page in client.pages("conversations.members", { channel = "C1" }) do
      seen[#seen + 1] = page.members[1]
    end
    t.equal(seen, { "", "two", "three" })
  end,

  ["a cursor that stands still does not go on for ever"] = function(t)
    local stub = answers(t, "conversations.members", {
      json = { ok = true, members = {}, response_metadata = { next_cursor = "same" } },
    })
    local count = 0
    for _ in client.pages("conversations.members", { channel = "C1" }) do count = count + 1 end
    t.equal({ count, #stub.calls }, { 2, 2 })
  end,

  ["an error ends the pages"] = function(t)
    answers(t, "conversations.list", { json = { ok = false, error = "invalid_cursor" } })
    local problems = {}
    for page, err in client.pages("conversations.list", {}) do
      t.equal(page, false)
      problems[#problems + 1] = err.slack
    end
    t.equal(problems, { "invalid_cursor" })
  end,

  ["an unknown method is a mistake"] = function(t)
    t.fails(function() client.call("no.such", {}) end, "no.such")
  end,
}
