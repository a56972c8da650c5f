-- control: how tests and the demo look into the workspace, begin anew and order failures.
local blocks = require "sandbox.lib.blocks"
local controls = require "sandbox.lib.controls"
local faults = require "sandbox.lib.faults"
local quotas = require "sandbox.lib.quotas"
local json = require "engine.json"
local workspace = require "sandbox.lib.workspace"

local route = controls.route

local function make_trigger(wanted, request)
  local trigger, token = workspace.mint_trigger(wanted.user_id, wanted.channel_id)
  local host = request.headers.host or "localhost"
  return { trigger_id = trigger, response_url = "http://" .. host .. "/response/" .. token }
end

local function add_fault(wanted)
  local added, problem = faults.add(wanted)
  if not added then return nil, problem end
  return { ok = true }
end

local function clear_faults()
  faults.clear()
  return { ok = true }
end

local function reset(wanted)
  faults.clear()
  quotas.reset((wanted or {}).quotas == true)
  workspace.reset(wanted)
  return { ok = true }
end

-- Somebody joins or leaves a channel. No event is sent: the test sends it when it wants to.
local function move(change)
  return function(wanted)
    local channel = workspace.get().channels[wanted.channel]
    if not channel or not workspace.get().people[wanted.user] then return nil, "channel or user not found" end
    change(channel, wanted.user)
    return { ok = true }
  end
end

-- Somebody's account ends, or is there again: <deleted>.
local function set_deleted(wanted)
  local person = workspace.get().people[wanted.user]
  if not person then return nil, "user not found" end
  person.deleted = wanted.deleted ~= false
  return { ok = true }
end

-- The members of a user group become these. No event is sent.
local function set_group(wanted)
  for _, group in ipairs(workspace.get().groups) do
    if group.id == wanted.group then
      group.users = wanted.users
      return { ok = true }
    end
  end
  return nil, "user group not found"
end

local function show_log(_, request)
  local after, list = math.tointeger(tonumber(request.query.after)) or 0, {}
  for _, entry in ipairs(workspace.get().log) do
    if entry.n > after then list[#list + 1] = entry end
  end
  return json.array(list)
end

-- What the vendor would do with an answer that the app gives it; the answer is { problem = } when it would refuse it.
local CHECKS = {
  note = function(given) return blocks.check_note(given.answer) end,
  submission = function(given) return blocks.check_submission(given.answer, given.view) end,
  suggestions = function(given) return blocks.check_suggestions(given.answer) end,
}

local function check(given)
  local rule = CHECKS[given.kind]
  if not rule then return nil, "kind: note, submission or suggestions" end
  local problem = rule(given)
  if problem then workspace.note_malformed("the answer to a " .. given.kind, problem) end
  return { problem = problem }
end

local function show_malformed() return json.array(workspace.get().malformed) end

return {
  about = "The sandbox's controls",
  routes = {
    route("GET", "/sandbox/state", workspace.snapshot, "What the workspace holds"),
    route("POST", "/sandbox/trigger", make_trigger, "A trigger id and a response URL, as a click gives them"),
    route("GET", "/sandbox/fault", function() return json.array(faults.list()) end, "The ordered failures"),
    route("POST", "/sandbox/fault", add_fault, "Orders a failure"),
    route("DELETE", "/sandbox/fault", clear_faults, "Forgets all ordered failures"),
    route("POST", "/sandbox/reset", reset, "Begins anew, with a crowd if asked"),
    route("POST", "/sandbox/join", move(workspace.join), "Somebody joins a channel"),
    route("POST", "/sandbox/leave", move(workspace.leave), "Somebody leaves a channel"),
    route("POST", "/sandbox/deactivate", set_deleted, "An account ends, or is there again"),
    route("POST", "/sandbox/group", set_group, "A user group's members become others"),
    route("GET", "/sandbox/log", show_log, "The calls so far"),
    route("POST", "/sandbox/check", check, "Whether the vendor would take an answer"),
    route("GET", "/sandbox/malformed", show_malformed, "What it would never have taken"),
  },
}
