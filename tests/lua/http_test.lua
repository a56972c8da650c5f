-- http: requests to a server of our own, through real sockets.
local http = require "engine.http"
local json = require "engine.json"
local task = require "engine.task"
local time = require "engine.time"

-- A port on which nobody listens: nothing may bind it without being root.
local NOBODY = "http://127.0.0.1:1/"

return {
  ["a request and its answer"] = function(t)
    local stub = t.http_stub {
      ["PUT /a"] = function(request)
        return { status = 201, headers = { ["X-Twice"] = { "one", "two" }, ["X-Once"] = "3" },
          body = request.body .. "|" .. request.headers["x-in"] .. "|" .. request.query.q }
      end,
    }
    local answer = t.truthy(http.request {
      method = "PUT", url = stub.url .. "/a?q=1", headers = { ["X-In"] = "é" }, body = "a\0b",
    })
    t.equal(answer.status, 201)
    t.equal(answer.body, "a\0b|é|1")
    t.equal(answer.headers["x-twice"], "one, two")
    t.equal(answer.headers["x-once"], "3")
  end,

  ["a status is an answer, not an error"] = function(t)
    local stub = t.http_stub { ["GET /gone"] = { status = 410 }, ["GET /broken"] = { status = 503 },
      ["GET /moved"] = { status = 302, headers = { Location = "http://127.0.0.1:1/" } } }
    t.equal(http.request { url = stub.url .. "/gone" }.status, 410)
    t.equal(http.request { url = stub.url .. "/broken" }.status, 503)
    t.equal(http.request { url = stub.url .. "/moved" }.status, 302)
  end,

  ["form and json make the body and its type"] = function(t)
    local stub = t.http_stub { ["POST /"] = {} }
    http.request { method = "POST", url = stub.url .. "/", form = { a = "x y", n = 1 } }
    http.request { method = "POST", url = stub.url .. "/", json = { list = json.array() } }
    http.request { method = "POST", url = stub.url .. "/", json = false, headers = { ["content-type"] = "x/y" } }
    t.equal(stub.calls[1].body, "a=x%20y&n=1")
    t.equal(stub.calls[1].headers["content-type"], "application/x-www-form-urlencoded")
    t.equal(stub.calls[2].body, '{"list":[]}')
    t.equal(stub.calls[2].headers["content-type"], "application/json; charset=utf-8")
    t.equal(stub.calls[3].body, "false")
    t.equal(stub.calls[3].headers["content-type"], "x/y")
  end,

  ["nobody listens: nothing was sent"] = function(t)
    local err = t.refused("network", http.request { url = NOBODY })
    t.equal(err.outcome, "not_sent")
    t.equal(err.retryable, true)
    t.equal(err.status, nil)
  end,

  ["no answer in time: nobody knows"] = function(t)
    local stub = t.http_stub {
      ["GET /slow"] = function()
        task.sleep "300ms"
        return {}
      end,
    }
    local before = time.mono_ms()
    local err = t.refused("timeout", http.request { url = stub.url .. "/slow", timeout = "50ms" })
    t.equal(err.outcome, "unknown")
    t.truthy(time.mono_ms() - before < 250)
  end,

  ["a connection that breaks: nobody knows"] = function(t)
    local stub = t.http_stub { ["POST /break"] = { abort = true } }
    local err = t.refused("network", http.request { method = "POST", url = stub.url .. "/break", body = "x" })
    t.equal(err.outcome, "unknown")
  end,

  ["an answer that is too large is cut off"] = function(t)
    local stub = t.http_stub { ["GET /large"] = { body = ("x"):rep(100000) } }
    t.refused("limit", http.request { url = stub.url .. "/large", max_bytes = 1000 })
    t.equal(#http.request { url = stub.url .. "/large", max_bytes = 100000 }.body, 100000)
  end,

  ["addresses that are none are refused before anything is sent"] = function(t)
    for _, url in ipairs { "", "127.0.0.1", "file:///etc/passwd", "gopher://127.0.0.1/", "http://" } do
      local _, err = http.request { url = url }
      t.equal(err and err.outcome, "not_sent", url)
    end
  end,

  ["no argument can begin a line of its own"] = function(t)
    local function request(options)
      options.url = options.url or NOBODY
      return function() http.request(options) end
    end
    t.fails(request { headers = { ["X-A"] = "a\r\nX-B: b" } }, 'headers%["X%-A"%]: not a header')
    t.fails(request { headers = { ["X-A\r\nX-B"] = "b" } }, "not a header")
    t.fails(request { headers = { ["X A"] = "b" } }, "not a header")
    t.fails(request { headers = { ["X-A"] = "a\0b" } }, "not a header")
    t.fails(request { headers = { [""] = "b" } }, "not a header")
    t.fails(request { method = "GET / HTTP/1.1\r\nX: y" }, "is no method")
    t.fails(request { method = "" }, "is no method")
    t.fails(request { url = "http://127.0.0.1/\0" }, "options%.url: expected a text without NUL")
  end,

  ["a wrong option is named"] = function(t)
    local function request(options) return function() http.request(options) end end
    t.fails(request { url = NOBODY, metod = "GET" }, 'unknown option "metod" %(did you mean "method"')
    t.fails(request {}, "options%.url: expected a text, got nil")
    t.fails(request { url = 5 }, "options%.url: expected a text, got 5")
    t.fails(request { url = NOBODY, timeout = "soon" }, "options%.timeout: expected a duration")
    t.fails(request { url = NOBODY, timeout = "5m" }, "options%.timeout: more than 2 minutes")
    t.fails(request { url = NOBODY, max_bytes = 0 }, "options%.max_bytes: expected an integer from 1")
    t.fails(request { url = NOBODY, headers = "x" }, "options%.headers: expected a table, got string")
    t.fails(request { url = NOBODY, headers = { A = {} } }, 'options%.headers%["A"%]: expected a text, got table')
    t.fails(request { url = NOBODY, body = "x", json = {} }, "give one of body, form and json")
    t.fails(request { url = NOBODY, form = { a = {} } }, "fields%.a: expected a text")
  end,

  ["many at once"] = function(t)
    local stub = t.http_stub { ["GET /n"] = function(request) return { body = request.query.n } end }
    local jobs = {}
    for n = 1, 100 do
      jobs[n] = function() return t.truthy(http.request { url = stub.url .. "/n?n=" .. n }).body end
    end
    local results = t.truthy(task.all(jobs))
    for n = 1, 100 do t.equal(results[n], tostring(n)) end
  end,

  ["a request is ended with its task"] = function(t)
    local stub = t.http_stub { ["GET /slow"] = function()
      task.sleep "200ms"
      return {}
    end }
    local answer = task.race {
      function() return http.request { url = stub.url .. "/slow" } end,
      function()
        task.sleep "20ms"
        return "first"
      end,
    }
    t.equal(answer, "first")
    task.sleep "20ms"
  end,
}
