-- sockets: the vendor's end of Socket Mode: tickets, connections, envelopes and their acknowledgements. An
-- event that is not acknowledged is sent again, on whichever connection is open then; a command or a click is
-- not: the person sees that it failed.
local crypto = require "engine.crypto"
local json = require "engine.json"
local log = require "engine.log"
local task = require "engine.task"
local time = require "engine.time"
local websocket = require "engine.websocket"
local workspace = require "sandbox.lib.workspace"

local M = {}

local TICKET_LIFE_MS = 30 * 1000
local MOST_CONNECTIONS = 10
local ACK_MS = 3000
local EVENT_ATTEMPTS = 10                -- the vendor's few over an hour, in seconds
local NOTICE_MS = 300                     -- between the word that a connection will be closed, and that

local tickets = {}                        -- ticket -> when it expires
local connections = {}                    -- in the order of opening: { socket=, id=, is_leaving= }
local waiting = {}                        -- envelope id -> { is_acked=, payload=, is_lost= }
local next_turn = 0
local is_disabled = false
local counts

local function reset_counts()
  counts = {
    opened = 0, ended = 0, lost = 0, sent = 0, acked = 0, repeated = 0, failed = 0, stray_acks = 0,
    double_acks = 0,
  }
end
reset_counts()

--- A ticket for one connection, as apps.connections.open gives it.
function M.mint_ticket()
  local ticket = crypto.random_hex(16)
  tickets[ticket] = time.mono_ms() + TICKET_LIFE_MS
  return ticket
end

local function staying()
  local list = {}
  for _, each in ipairs(connections) do
    if not each.is_leaving then list[#list + 1] = each end
  end
  return list
end

--- True when the ticket is good; it then is used up.
function M.use_ticket(ticket)
  local expires = tickets[ticket or ""]
  tickets[ticket or ""] = nil
  return expires ~= nil and expires > time.mono_ms() and #staying() < MOST_CONNECTIONS
end

local function remove(connection)
  for i, each in ipairs(connections) do
    if each == connection then return table.remove(connections, i) end
  end
end

-- ---- what the app sends

local function take_ack(text)
  local message = json.decode(text)
  local id = type(message) == "table" and message.envelope_id
  local envelope = id and waiting[id]
  if not envelope then
    counts.stray_acks = counts.stray_acks + 1
  elseif envelope.is_acked then
    counts.double_acks = counts.double_acks + 1
  else
    envelope.is_acked, envelope.payload = true, message.payload
    counts.acked = counts.acked + 1
  end
end

local function lose_envelopes(connection)
  for _, envelope in pairs(waiting) do
    if envelope.connection == connection then envelope.is_lost = true end
  end
end

--- Serves one connection until it ends.
function M.serve(socket)
  local connection = { socket = socket, id = workspace.next_id("S") }
  counts.opened = counts.opened + 1
  if is_disabled then
    websocket.send(socket, json.encode { type = "disconnect", reason = "link_disabled" })
    return websocket.close(socket)
  end
  connections[#connections + 1] = connection
  websocket.send(socket, json.encode {
    type = "hello", num_connections = #connections, connection_info = { app_id = workspace.APP },
    debug_info = { host = "sandbox", build_number = 1, approximate_connection_time = 18060 },
  })
  while true do
    local text, err = websocket.receive(socket)
    if not text then
      if err.code ~= "closed" then counts.lost = counts.lost + 1 end
      break
    end
    take_ack(text)
  end
  remove(connection)
  lose_envelopes(connection)
end

-- ---- what the app is sent

local function pick()
  local open = staying()
  if #open == 0 then return nil end
  next_turn = next_turn + 1
  return open[next_turn % #open + 1]
end

local function await_connection(until_ms)
  local connection = pick()
  while not connection and time.mono_ms() < until_ms do
    task.sleep "5ms"
    connection = pick()
  end
  return connection
end

local function await_ack(envelope, until_ms)
  local pause = 1
  while not envelope.is_acked and not envelope.is_lost and time.mono_ms() < until_ms do
    task.sleep(pause)
    pause = math.min(pause * 2, 16)
  end
  return envelope.is_acked
end

local function attempt(id, kind, payload, number)
  local until_ms = time.mono_ms() + ACK_MS
  local connection = await_connection(until_ms)
  if not connection then return nil end
  local envelope = waiting[id]
  envelope.connection, envelope.is_lost = connection, false
  counts.sent = counts.sent + 1
  websocket.send(connection.socket, json.encode {
    envelope_id = id, type = kind, payload = payload, accepts_response_payload = kind ~= "events_api",
    retry_attempt = number - 1, retry_reason = number > 1 and "timeout" or "",
  })
  return await_ack(envelope, until_ms)
end

--- Sends an envelope as the vendor does and waits for its acknowledgement.
---@return table  is_acked, payload, attempts, ms, envelope_id
function M.send(kind, payload, wanted_id)
  local id, started = wanted_id or crypto.random_hex(16), time.mono_ms()
  local envelope, attempts = { is_acked = false }, 0
  waiting[id] = envelope
  repeat
    attempts = attempts + 1
    if attempts > 1 then
      counts.repeated = counts.repeated + 1
      task.sleep(attempts * 5)
    end
    -- It may have come meanwhile, on another connection.
    if not envelope.is_acked then attempt(id, kind, payload, attempts) end
  until envelope.is_acked or kind ~= "events_api" or attempts == EVENT_ATTEMPTS
  if not envelope.is_acked then counts.failed = counts.failed + 1 end
  -- Kept for a while: an acknowledgement that comes twice is noticed.
  task.spawn(function()
    task.sleep "5s"
    waiting[id] = nil
  end)
  return {
    is_acked = envelope.is_acked, payload = envelope.payload, attempts = attempts,
    ms = time.mono_ms() - started, envelope_id = id,
  }
end

-- ---- trouble

-- As the vendor: the word first, the end a little later. Nothing new is given to it meanwhile.
local function announce_end(connection, reason)
  connection.is_leaving = true
  websocket.send(connection.socket, json.encode {
    type = "disconnect", reason = reason, debug_info = { host = "sandbox" },
  })
  task.spawn(function()
    task.sleep(NOTICE_MS)
    websocket.close(connection.socket)
  end)
end

--- Ends one connection: <how> is "abort" (without a word), "close" (with a good-bye), or a reason of the
--- vendor's disconnect message. False when none is open.
function M.disconnect(how)
  local connection = pick()
  if not connection then return false end
  connection.is_leaving = true -- so that the next disconnect ends another one
  counts.ended = counts.ended + 1
  if how == "abort" then
    websocket.abort(connection.socket)
  elseif how == "close" then
    websocket.close(connection.socket)
  else
    announce_end(connection, how)
  end
  return true
end

--- Ends connections <times> times, one after the other, each as soon as one is open again; <hows> in turn.
function M.churn(times, hows, pause_ms)
  for n = 1, times do
    while not M.disconnect(hows[n % #hows + 1]) do task.sleep "1ms" end
    if pause_ms > 0 then task.sleep(pause_ms) end
  end
  log.info(("churn: %d connections were ended"):format(times))
end

--- Socket Mode switched off in the app's settings, or on again.
function M.set_disabled(value)
  is_disabled = value
  if not value then return end
  for _, connection in ipairs(table.move(connections, 1, #connections, 1, {})) do
    announce_end(connection, "link_disabled")
  end
end

--- Figures, for the control route.
function M.status()
  local shown = { open = #staying(), connections = #connections, is_disabled = is_disabled }
  for name, value in pairs(counts) do shown[name] = value end
  return shown
end

return M
