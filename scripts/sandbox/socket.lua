-- socket: Socket Mode as the app sees it (the connection), and as tests and the demo drive it.
local json = require "engine.json"
local sockets = require "sandbox.lib.sockets"
local task = require "engine.task"

local function reply(value, status)
  return { status = status or 200, content_type = "application/json", body = json.encode(value) }
end

local function body_of(request)
  local value = request.body == "" and {} or json.decode(request.body)
  return type(value) == "table" and value or {}
end

local function connect(request)
  if not sockets.use_ticket(request.query.ticket) then return { status = 403, body = "invalid_ticket" } end
  return { websocket = sockets.serve }
end

local KINDS = { events_api = true, interactive = true, slash_commands = true }

local function send(request)
  local wanted = body_of(request)
  if not KINDS[wanted.type] or type(wanted.payload) ~= "table" then
    return reply({ error = "an envelope needs a type and a payload" }, 400)
  end
  return reply(sockets.send(wanted.type, wanted.payload, wanted.envelope_id))
end

local function disconnect(request)
  local wanted = body_of(request)
  local hows = wanted.hows or { wanted.how or "refresh_requested" }
  if wanted.times then
    task.spawn(sockets.churn, wanted.times, hows, wanted.pause_ms or 0)
    return reply { ok = true }
  end
  return reply { ok = sockets.disconnect(hows[1]) }
end

local function disable(request)
  sockets.set_disabled(body_of(request).value ~= false)
  return reply { ok = true }
end

local function route(method, path, handler, about)
  return { method = method, path = path, access = "public", handler = handler, about = about }
end

return {
  about = "The imitated Socket Mode",
  routes = {
    route("GET", "/link/", connect, "A connection of the app's, with a ticket of apps.connections.open"),
    route("GET", "/sandbox/socket", function() return reply(sockets.status()) end, "The connections"),
    route("POST", "/sandbox/socket/send", send, "Sends an envelope and waits for its acknowledgement"),
    route("POST", "/sandbox/socket/disconnect", disconnect, "Ends connections, in the vendor's ways"),
    route("POST", "/sandbox/socket/disable", disable, "Switches Socket Mode off, or on again"),
  },
}
