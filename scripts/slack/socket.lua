-- socket: Socket Mode. What Slack would post to our address comes over WebSocket connections that
-- we open, so that no address has to be public; the same router answers. Several connections are
-- open at once: Slack gives each envelope to one of them, and the loss of one stops nothing.
-- A connection has a name, by which the scripts of the next reload find it and go on.
-- Read M.run, serve, handle.
local config = require "engine.config"
local json = require "engine.json"
local log = require "engine.log"
local task = require "engine.task"
local time = require "engine.time"
local websocket = require "engine.websocket"
local client = require "slack.client"
local foreign = require "slack.foreign"
local request_of = require "slack.request"
local router = require "slack.router"

local M = {}

local MOST_CONNECTIONS = 10            -- Slack's limit for one app
local HELLO_TIMEOUT = "10s"
local FIRST_DELAY_MS, LONGEST_DELAY_MS = 200, 30 * 1000
local REFUSED_DELAY_MS = 60 * 1000     -- a wrong token does not mend itself
local DISABLED_DELAY_MS = 5 * 60 * 1000
local DRAIN_MS = 30 * 1000             -- for a connection that Slack is about to close
local MOST_AT_ONCE = 500               -- envelopes being handled; more wait in their connections
local REMEMBERED = 5000                -- acknowledgements kept for envelopes that come again
local MOST_UNSENT = 1000

local working, busy = {}, 0
local unsent = {}                      -- acknowledgements that wait for a connection
local answered, answered_before, answered_count = {}, {}, 0

local function name_of(lane) return "slack/" .. lane end

-- ---- envelopes

local function remember(id, text)
  if answered_count >= REMEMBERED then
    answered_before, answered, answered_count = answered, {}, 0
  end
  answered[id] = text
  answered_count = answered_count + 1
end

-- The connection may have ended meanwhile; Slack takes the acknowledgement on any of the app's, now
-- or on the next that opens.
local function send(socket, text)
  if websocket.send(socket, text) then return end
  for lane = 1, MOST_CONNECTIONS do
    local other = websocket.kept(name_of(lane))
    if other and websocket.send(other, text) then return end
  end
  if #unsent < MOST_UNSENT then unsent[#unsent + 1] = text end
end

local function send_unsent(socket)
  local texts = unsent
  unsent = {}
  for _, text in ipairs(texts) do send(socket, text) end
end

-- What HTTP has as the body of the answer is the payload here.
local function acknowledgement(envelope, response)
  local id = json.encode(envelope.envelope_id)
  if response and response.body ~= "" and foreign.is_true(envelope.accepts_response_payload) then
    return ('{"envelope_id":%s,"payload":%s}'):format(id, response.body)
  end
  return ('{"envelope_id":%s}'):format(id)
end

-- Whatever ends the handling, an error too: the envelope is no longer being worked on.
local function while_working(id)
  working[id], busy = true, busy + 1
  return setmetatable({}, { __close = function()
    working[id], busy = nil, busy - 1
  end })
end

-- An envelope that cannot be read is acknowledged all the same: it would not get better. One whose
-- handler fails is not, so that Slack shows it, or sends the event again.
local function handle(socket, envelope)
  local id = envelope.envelope_id
  local _ <close> = while_working(id)
  local given, problem = request_of.from_envelope(envelope)
  local response
  if given then
    response = router.dispatch(given)
  else
    log.warn("an envelope cannot be read: " .. problem, { kind = tostring(envelope.type) })
  end
  local text = acknowledgement(envelope, response)
  remember(id, text)
  send(socket, text)
  if response and response.after then response.after() end
end

local function take(socket, envelope)
  local id = envelope.envelope_id
  local before = answered[id] or answered_before[id]
  if before then return send(socket, before) end
  if working[id] then return end
  task.spawn(handle, socket, envelope)
end

-- ---- a connection

-- Answers the reason when Slack wants this connection to be replaced.
local function take_message(socket, text)
  local message = json.decode(text)
  if type(message) ~= "table" then
    log.warn("a message on the socket is no JSON object")
  elseif message.type == "disconnect" then
    return foreign.text(message.reason) or "unknown"
  elseif foreign.text(message.envelope_id) then
    take(socket, message)
  end
end

-- Reads until the connection has ended or is to be replaced: the reason, or nil and the error.
local function read(socket)
  while true do
    local text, err = websocket.receive(socket)
    if not text then return nil, err end
    local reason = take_message(socket, text)
    if reason then return reason end
    while busy >= MOST_AT_ONCE do task.sleep "20ms" end
  end
end

-- Slack may still give envelopes to a connection that it is going to close: they are taken until it
-- does, while another one is opened.
local function drain(socket)
  local until_ms = time.mono_ms() + DRAIN_MS
  while time.mono_ms() < until_ms do
    local text, err = websocket.receive(socket, until_ms - time.mono_ms())
    if not text and err.code ~= "timeout" then return end
    if text then take_message(socket, text) end
  end
  websocket.close(socket)
end

local function retire(socket)
  websocket.keep(socket, nil)
  task.spawn(drain, socket)
end

local function await_hello(socket)
  local text, err = websocket.receive(socket, HELLO_TIMEOUT)
  if not text then return nil, err end
  local hello = foreign.table(json.decode(text))
  if hello.type == "hello" then return true end
  websocket.close(socket)
  if hello.type == "disconnect" and hello.reason == "link_disabled" then
    return nil, client.error { code = "forbidden", slack = "link_disabled",
      message = "Socket Mode is switched off in the app's settings" }
  end
  return nil, client.error { code = "unavailable", retryable = true,
    message = "the connection did not begin with a hello" }
end

local function open(lane)
  local answer, err = client.call("apps.connections.open", {}, { token = config.slack.app_token })
  if not answer then return nil, err end
  local socket, refusal = websocket.connect {
    url = foreign.text(answer.url) or "", timeout = "10s", max_bytes = 4 * 1024 * 1024,
  }
  if not socket then return nil, refusal end
  local is_welcome, problem = await_hello(socket)
  if not is_welcome then return nil, problem end
  websocket.keep(socket, name_of(lane))
  return socket
end

-- ---- lanes: each keeps one connection open

local function delay_ms(err, failures)
  if err.slack == "link_disabled" then return DISABLED_DELAY_MS end
  local doubled = math.min(FIRST_DELAY_MS << math.min(failures, 10), LONGEST_DELAY_MS)
  if err.retryable == false then doubled = REFUSED_DELAY_MS end
  -- Jitter: after an outage not all engines come at once.
  local wait_ms = math.floor(doubled * (0.5 + math.random()))
  return math.max(wait_ms, err.retry_after_ms or 0)
end

local function open_at_last(lane, tell)
  local failures = 0
  while true do
    local socket, err = open(lane)
    if socket then return socket end
    local wait_ms = delay_ms(err, failures)
    failures = failures + 1
    log.warn(("Socket Mode: connection %d is not open (%s); next try in %d ms"):format(lane,
      tostring(err), wait_ms))
    tell(lane, tostring(err))
    task.sleep(wait_ms)
  end
end

-- Anything but a good-bye that was announced leads to a new connection too.
local function serve(lane, tell)
  while true do
    local socket = websocket.kept(name_of(lane)) or open_at_last(lane, tell)
    tell(lane, "open")
    send_unsent(socket)
    local reason, err = read(socket)
    if reason == "link_disabled" then
      tell(lane, "Socket Mode is switched off in the app's settings")
      log.error "Socket Mode is switched off in the app's settings; nothing arrives until it is on again"
      websocket.close(socket)
      task.sleep(DISABLED_DELAY_MS)
    elseif reason then
      log.debug(("Socket Mode: Slack replaces connection %d (%s)"):format(lane, reason))
      retire(socket)
    else
      log.info(("Socket Mode: connection %d ended (%s); a new one is opened"):format(lane,
        tostring(err)))
    end
  end
end

local function teller(ctx, count)
  local states = {}
  return function(lane, state)
    states[lane] = state
    local open_count, trouble = 0, nil
    for i = 1, count do
      if states[i] == "open" then open_count = open_count + 1 else trouble = trouble or states[i] end
    end
    ctx:status(("%d of %d connections are open%s"):format(open_count, count,
      trouble and "; " .. trouble or ""))
  end
end

--- The service: keeps the configured number of connections open, for ever.
---@param ctx Service
function M.run(ctx)
  local count = config.slack.socket.connections
  for lane = count + 1, MOST_CONNECTIONS do
    local surplus = websocket.kept(name_of(lane))
    if surplus then
      websocket.close(surplus)
      retire(surplus)
    end
  end
  local tell, lanes = teller(ctx, count), {}
  for lane = 1, count do
    lanes[lane] = function() serve(lane, tell) end
  end
  return task.all(lanes)
end

return M
