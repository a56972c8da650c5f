-- harness: what tests are given as `t` by `halligan test`. Owns the checks, the clock's words and
-- the stub of other people's servers. Every check throws at the line of the test that made it.
-- Read M.run first.
local json = require "engine.json"
local time = require "engine.time"
local show = require "test.show"

local M = {}

local current   -- the stub of the test under way

-- Throws at the test's line; `deeper`: functions of this file between the test and this one.
local function refuse(message, text, deeper)
  error((message and tostring(message) .. ": " or "") .. text, 3 + (deeper or 0))
end

local function is_same(a, b, depth)
  if a == b then return true end
  if a ~= a and b ~= b then return true end
  if type(a) ~= "table" or type(b) ~= "table" or depth > 64 then return false end
  for key, value in pairs(a) do
    if not is_same(value, b[key], depth + 1) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function add_checks(t)
  --- Both are the same, tables member by member; 1 and 1.0 are not the same.
  function t.equal(actual, expected, message)
    local is_number_kind_same = math.type(actual) == math.type(expected)
    if not is_number_kind_same or not is_same(actual, expected, 0) then
      refuse(message, "expected " .. show(expected) .. ", got " .. show(actual))
    end
  end

  --- It is neither nil nor false. Answers it.
  function t.truthy(value, message)
    if not value then refuse(message, "expected a value, got " .. show(value)) end
    return value
  end

  --- It is nil or false.
  function t.falsy(value, message)
    if value then refuse(message, "expected nil or false, got " .. show(value)) end
  end

  --- The text has the Lua pattern in it.
  function t.matches(text, pattern, message)
    if type(text) ~= "string" or not text:find(pattern) then
      refuse(message, "expected a text like " .. show(pattern) .. ", got " .. show(text))
    end
  end

  --- The function throws an error that has the pattern in it. Answers the error.
  function t.fails(fn, pattern)
    local ok, err = pcall(fn)
    if ok then refuse(nil, "expected an error, there was none") end
    if pattern and not tostring(err):find(pattern) then
      refuse(nil, "expected an error like " .. show(pattern) .. ", got " .. show(tostring(err)))
    end
    return err
  end

  --- A call answered nil and an error with this code: t.refused("timeout", http.request{...}).
  function t.refused(code, value, err)
    if value ~= nil then refuse(nil, "expected nil and an error, got " .. show(value)) end
    if type(err) ~= "table" or err.code ~= code then
      refuse(nil, "expected the error " .. show(code) .. ", got " .. show(err))
    end
    return err
  end
end

local function add_clock(t, host)
  --- Time passes, "1h"; whatever sleeps meanwhile wakes in its order.
  function t.advance(duration) host.advance(duration) end

  --- It is that moment, and time stands still: "2026-11-23T14:02:11Z" or milliseconds; nil: it is
  --- real again.
  function t.at(moment)
    local ms = moment
    if type(moment) == "string" then ms = assert(time.parse(moment)) end
    host.set_time(ms)
  end
end

-- ---- other people's servers

local function answer(stub, request)
  local path = request.path:gsub("^/stub", "", 1)
  local key = request.method .. " " .. path
  local reply = stub.answers[key]
  request.path = path
  stub.calls[#stub.calls + 1] = request
  if reply == nil then
    stub.problems[#stub.problems + 1] = "nobody expected " .. key
    return { status = 404 }
  end
  stub.seen[key] = true
  if type(reply) == "function" then
    local ok, result = pcall(reply, request)
    if not ok then
      stub.problems[#stub.problems + 1] = key .. ": " .. tostring(result)
      return { status = 500 }
    end
    reply = result
  end
  return reply
end

--- The engine calls it for each request below /stub/.
function M.serve(request)
  if not current then return { status = 404, body = "no test has a stub" } end
  local reply = answer(current, request)
  return {
    status = reply.status,
    headers = reply.headers,
    abort = reply.abort,
    websocket = reply.websocket,
    content_type = reply.json ~= nil and "application/json" or reply.content_type,
    body = reply.json ~= nil and json.encode(reply.json) or reply.body,
  }
end

local function add_stub(t, host)
  --- A server that answers "POST /path" with {status=, headers=, body= or json=, abort=}, or with
  --- what a function of the request gives; websocket = function(socket) serves a connection. Each
  --- must be asked at least once, and nothing else. Answers {url=, calls={the requests}}. A test has
  --- one; a second call replaces the answers.
  function t.http_stub(answers)
    local before = current
    current = {
      url = host.url .. "/stub", answers = answers, seen = before and before.seen or {},
      calls = before and before.calls or {}, problems = before and before.problems or {},
    }
    return current
  end
end

local function check_stub(stub)
  if stub.problems[1] then error("http_stub: " .. stub.problems[1], 0) end
  for key in pairs(stub.answers) do
    if not stub.seen[key] then error("http_stub: nobody asked for " .. key, 0) end
  end
end

--- Runs one test.
---@param fn fun(t: table)
---@param host table  advance, set_time, load, url: the engine's side
function M.run(fn, host)
  local t = { url = host.url, load = host.load }
  add_checks(t)
  add_clock(t, host)
  add_stub(t, host)
  current = nil
  fn(t)
  if current then check_stub(current) end
end

return M
