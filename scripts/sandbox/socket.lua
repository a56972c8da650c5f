-- socket: Socket Mode as the app sees it (the connection), and as tests and the demo drive it.
local controls = require "sandbox.lib.controls"
local sockets = require "sandbox.lib.sockets"
local task = require "engine.task"

local route = controls.route

local function connect(request)
  if not sockets.use_ticket(request.query.ticket) then return { status = 403, body = "invalid_ticket" } end
  return { websocket = sockets.serve }
end

local KINDS = { events_api = true, interactive = true, slash_commands = true }

local function send(wanted)
  if not KINDS[wanted.type] or type(wanted.payload) ~= "table" then
    return nil, "an envelope needs a type and a payload"
  end
  return sockets.send(wanted.type, wanted.payload, wanted.envelope_id)
end

local function disconnect(wanted)
  local hows = wanted.hows or { wanted.how or "refresh_requested" }
  if wanted.times then
    task.spawn(sockets.churn, wanted.times, hows, wanted.pause_ms or 0)
    return { ok = true }
  end
  return { ok = sockets.disconnect(hows[1]) }
end

local function disable(wanted)
  sockets.set_disabled(wanted.value ~= false)
  return { ok = true }
end

return {
  about = "The imitated Socket Mode",
  routes = {
    {
      method = "GET", path = "/link/", access = "public", handler = connect,
      about = "A connection of the app's, with a ticket of apps.connections.open",
    },
    route("GET", "/sandbox/socket", sockets.status, "The connections"),
    route("POST", "/sandbox/socket/send", send, "Sends an envelope and waits for its acknowledgement"),
    route("POST", "/sandbox/socket/disconnect", disconnect, "Ends connections, in the vendor's ways"),
    route("POST", "/sandbox/socket/disable", disable, "Switches Socket Mode off, or on again"),
  },
}
