-- api: the imitated Web API over HTTP: token, arguments, faults, method, log.
local arguments = require "sandbox.lib.arguments"
local blocks = require "sandbox.lib.blocks"
local faults = require "sandbox.lib.faults"
local json = require "engine.json"
local methods = require "sandbox.lib.methods"
local quotas = require "sandbox.lib.quotas"
local scopes = require "sandbox.lib.scopes"
local sockets = require "sandbox.lib.sockets"
local task = require "engine.task"
local workspace = require "sandbox.lib.workspace"

local HANG = "40s"

-- Refusals that only a mistake of the app's brings, whatever the workspace holds.
local MALFORMED = {
  invalid_arguments = true, invalid_blocks = true, invalid_json = true, invalid_link = true,
  invalid_metadata_format = true, invalid_name_maxlength = true, invalid_name_punctuation = true,
  invalid_name_required = true, invalid_name_specials = true, limit_required = true, msg_too_long = true,
  no_text = true, no_user = true, too_long = true, too_many_users = true, unknown_method = true,
  view_too_large = true,
}

local function reply(body, status, headers)
  return { status = status or 200, headers = headers, content_type = "application/json; charset=utf-8",
    body = json.encode(body) }
end

local function refusal(code, detail)
  local metadata = detail and { messages = json.array { detail } } or nil
  return { ok = false, error = code, response_metadata = metadata }
end

local function rate_limited(seconds)
  return reply(refusal("ratelimited"), 429, { ["Retry-After"] = tostring(seconds) })
end

--- The answer of a fault, after the request was carried out or not.
local function faulty(fault)
  if fault.kind == "error" then return reply(refusal(fault.error or "internal_error")) end
  if fault.kind == "rate_limit" then return rate_limited(fault.retry_after or 1) end
  if fault.kind == "server_error" then
    return { status = fault.status or 500, content_type = "text/html", body = "<h1>Oops</h1>" }
  end
  if fault.kind == "garbage" then
    return { status = 200, content_type = "text/html", body = "<html>not what you asked for" }
  end
  if fault.kind == "hang" then task.sleep(fault.delay or HANG) end
  return { abort = true }
end

-- The one method that takes an app-level token, and nothing else does.
local function open_connection(request)
  local authorization = request.headers.authorization or ""
  if not authorization:find("^Bearer xapp%-") then
    return refusal(authorization:find("^Bearer ") and "not_allowed_token_type" or "not_authed")
  end
  local scheme = request.headers["x-forwarded-proto"] == "https" and "wss" or "ws"
  return { ok = true, url = ("%s://%s/link/?ticket=%s"):format(scheme, request.headers.host or "localhost",
    sockets.mint_ticket()) }
end

local function run(method, request)
  if method == "apps.connections.open" then return open_connection(request) end
  local token = (request.headers.authorization or ""):match("^Bearer (xoxb%-.+)$")
  if not token then return refusal(request.headers.authorization and "invalid_auth" or "not_authed") end
  if not methods.is_known(method) then return refusal("unknown_method") end
  local args, unknown, detail = arguments.read(method, request)
  if not args then return refusal(unknown, detail) end
  local missing = scopes.missing(method, args)
  if missing then return { ok = false, error = "missing_scope", needed = missing, provided = scopes.granted() } end
  return methods.call(method, args), unknown
end

local function handle(request)
  local method = request.params.method
  local fault = faults.hit(method)
  if fault and fault.kind == "slow" then
    task.sleep(fault.delay or "1s")
    fault = nil
  end
  if fault and not fault.applied then
    workspace.log { method = method, ok = false, error = "fault:" .. fault.kind }
    return faulty(fault)
  end
  local wait_s = quotas.take(method, request.body:match "%f[%w]channel=(%w+)")
  if wait_s then
    workspace.log { method = method, ok = false, error = "ratelimited" }
    return rate_limited(wait_s)
  end
  local body, unknown = run(method, request)
  local detail = body.response_metadata and body.response_metadata.messages or nil
  if MALFORMED[body.error] then workspace.note_malformed(method, detail and detail[1] or body.error) end
  workspace.log { method = method, ok = body.ok, error = body.error, unknown = unknown and #unknown > 0
    and unknown or nil,
    detail = detail }
  return fault and faulty(fault) or reply(body, 200, { ["X-OAuth-Scopes"] = scopes.granted() })
end

local function handle_response_url(request)
  local response = workspace.use_response(request.params.token)
  if not response then return { status = 404, body = "used_url" } end
  local body = json.decode(request.body)
  local problem = blocks.check_note(body)
  if problem then
    workspace.note_malformed("response_url", problem)
    return { status = 400, body = "invalid_payload" }
  end
  local list = workspace.get().ephemerals
  list[#list + 1] = { channel = response.channel, user = response.person, text = body.text or "",
    blocks = body.blocks }
  return { body = "ok" }
end

return {
  about = "The imitated Web API",
  routes = {
    { method = "POST", path = "/api/:method", access = "public", handler = handle,
      about = "A method of the Web API" },
    { method = "POST", path = "/response/:token", access = "public", handler = handle_response_url,
      about = "A response URL" },
  },
}
