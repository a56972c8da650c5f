-- open: "/incident open" brings the form; "/incident open P2 what is broken" declares at once, without any field to
-- fill in.
local incidents = require "engine.incidents"
local info = require "engine.info"
local blocks = require "slack.blocks"
local catalogue_of = require "slack.creation.catalogue"
local flow = require "slack.creation.flow"
local quick_of = require "slack.creation.quick"
local declared = require "slack.declared"
local permit = require "slack.permit"
local reply = require "slack.reply"

local function problem(words)
  return reply.ephemeral { text = ":warning: " .. words .. "\nNothing was declared." }
end

local function declare(given, quick, person_id)
  return incidents.declare({
    title = quick.title, description = quick.title, priority = quick.priority.id,
    category = quick.category.id,
    environments = { quick.environment.value }, created_by = person_id, form = true,
    require_enabled = true, brief = true,
    request_key = "slack:command:"
      .. (given.trigger_id ~= "" and given.trigger_id or given.signature),
  }, { person = person_id, source = "chat" })
end

-- What the answer says of it, from what was just declared: nothing has to be read again.
local function described(id, quick)
  return {
    id = id, title = quick.title, priority = quick.priority, is_private = quick.category.is_private,
    response_type = catalogue_of.response_type(quick.priority), url = ("%s/incident/%d/"):format(info.base_url, id),
  }
end

local function declare_at_once(given, rest)
  local person_id, refusal = permit.check(given, "declare")
  if not person_id then return problem(refusal) end
  local quick, wrong = quick_of.read(rest)
  if not quick then return problem(wrong) end
  local result, err = declare(given, quick, person_id)
  if not result then
    return problem("The incident was refused: " .. blocks.escape(tostring(err), 500))
  end
  return reply.ephemeral(declared.message(described(result.id, quick)))
end

-- <rest>: what stands behind "open".
local function run(given, rest)
  if rest == "" then
    return reply.ack(function() flow.open(given) end)
  end
  return declare_at_once(given, rest)
end

return {
  commands = {
    {
      name = "open", run = run,
      usage = { "open", "open P2 what is broken", "open P2 #payment what is broken" },
      about = { "declare an incident, with a form", "declare one at once", "the same, of a category" },
    },
  },
  actions = {
    open_incident = flow.open,
    push_check_current_incidents = flow.push_recent,
    push_incident_select_impact = flow.push_impacts,
    push_incident_unified = flow.push_details,
  },
  action_patterns = { { "^set_impact_type_.", flow.impact_chosen } },
  submissions = {
    incident_open = flow.submit,
    incident_select_impact = flow.submit_impacts,
    open_incident_unified = flow.submit_details,
  },
  shortcuts = { open_incident = flow.open },
}
