-- control: how tests and the demo look into the workspace, begin anew and order failures.
local faults = require "sandbox.lib.faults"
local json = require "engine.json"
local workspace = require "sandbox.lib.workspace"

local function reply(value, status)
  return { status = status or 200, content_type = "application/json", body = json.encode(value) }
end

local function body_of(request)
  local value = request.body == "" and {} or json.decode(request.body)
  return type(value) == "table" and value or {}
end

local function show_state() return reply(workspace.snapshot()) end

local function make_trigger(request)
  local wanted = body_of(request)
  local trigger, token = workspace.mint_trigger(wanted.user_id, wanted.channel_id)
  return reply { trigger_id = trigger, response_url = "http://" .. (request.headers.host or "localhost")
    .. "/response/" .. token }
end

local function add_fault(request)
  local added, problem = faults.add(body_of(request))
  if not added then return reply({ error = problem }, 400) end
  return reply { ok = true }
end

local function clear_faults()
  faults.clear()
  return reply { ok = true }
end

local function reset(request)
  faults.clear()
  workspace.reset(body_of(request))
  return reply { ok = true }
end

local function show_log(request)
  local after, list = math.tointeger(tonumber(request.query.after)) or 0, {}
  for _, entry in ipairs(workspace.get().log) do
    if entry.n > after then list[#list + 1] = entry end
  end
  return reply(json.array(list))
end

local function route(method, path, handler, about)
  return { method = method, path = path, access = "public", handler = handler, about = about }
end

return {
  about = "The sandbox's controls",
  routes = {
    route("GET", "/sandbox/state", show_state, "What the workspace holds"),
    route("POST", "/sandbox/trigger", make_trigger, "A trigger id and a response URL, as a click gives them"),
    route("GET", "/sandbox/fault", function() return reply(json.array(faults.list())) end,
      "The ordered failures"),
    route("POST", "/sandbox/fault", add_fault, "Orders a failure"),
    route("DELETE", "/sandbox/fault", clear_faults, "Forgets all ordered failures"),
    route("POST", "/sandbox/reset", reset, "Begins anew, with a crowd if asked"),
    route("GET", "/sandbox/log", show_log, "The calls so far"),
  },
}
