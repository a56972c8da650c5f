-- oncall: "/incident oncall": calls who is on call to an incident. The call itself is a job: it reaches them also when
-- Slack hiccups now. Where there is no incident, says who is on call and who else can be called.
local config = require "engine.config"
local conversations = require "engine.conversations"
local jobs = require "engine.jobs"
local blocks = require "slack.blocks"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local on_call = require "slack.on_call"
local reply = require "slack.reply"
local view = require "slack.view"

local CALLBACK, TITLE, BUTTON = "incident_oncall_trigger", "Trigger on-call", "open_modal_trigger_oncall"
local MOST_LINES = 30

-- Those that can be called, and the names of those that were.
local function split(incident, services)
  local options, called = {}, {}
  for _, service in ipairs(services) do
    local name = blocks.line(service.service)
    if on_call.was_called(incident.id, service.key) then
      called[#called + 1] = blocks.escape(name, 60)
    elseif #options < blocks.LIMIT.options then
      options[#options + 1] = blocks.option(name, service.key)
    end
  end
  return options, called
end

local function build(context)
  local incident = context.incident
  local services = assert(on_call.services())
  if #services == 0 then return view.notice(TITLE, ":warning: Nobody is on call now.") end
  local options, called = split(incident, services)
  local list = {
    blocks.section("*" .. incident_text.headline(incident) .. "*"),
    blocks.section("*On call now*\n" .. on_call.lines(services, MOST_LINES)),
  }
  if #called > 0 then list[#list + 1] = blocks.context("Called already: " .. table.concat(called, ", ")) end
  if #options > 0 then
    list[#list + 1] = blocks.input {
      block_id = "oncall_service", label = "Who is needed?",
      hint = "Those of the first level that is covered are invited, and told in a direct message.",
      element = blocks.choice { action_id = "select_oncall_service", options = options },
    }
  else
    list[#list + 1] = blocks.section(":warning: All of them were called.")
  end
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = TITLE, submit = #options > 0 and TITLE or nil, close = "Cancel",
    metadata = incident_modal.metadata(incident), blocks = list,
  }
end

local function submit(context, values)
  local given, incident = context.given, context.incident
  local service, err = on_call.find(values.select_oncall_service)
  if not service then
    return reply.errors {
      oncall_service = err and "This cannot be read now. Please try again." or "Nobody is on call for it any more.",
    }
  end
  local queued, problem = jobs.enqueue {
    handler = "integrations/slack/oncall_call:call", incident_id = incident.id,
    args = {
      incident_id = incident.id, service = service.service, person_id = context.person_id, key = given.view.id,
    },
    key = ("slack.oncall:%d:%s"):format(incident.id, service.key),
  }
  if not queued then
    return reply.errors { oncall_service = "Nobody was called; please try again: " .. tostring(problem) }
  end
  on_call.set_called(incident.id, service.key, true)
  return reply.clear(function()
    reply.tell(given, { text = (":pager: Who is on call for *%s* is being called."):format(
      blocks.escape(blocks.line(service.service), 100)) })
  end)
end

-- What can be done where no incident is meant.
local function overview(services)
  local words = "No system that pages people is connected to this app."
  if #config.slack.sos > 0 then
    local names = {}
    for i, sos in ipairs(config.slack.sos) do names[i] = blocks.escape(sos.name, 75) end
    words = ("%s `%s sos` calls those who are declared: %s."):format(words, config.slack.command,
      table.concat(names, ", "))
  end
  if #services == 0 then return { text = words } end
  words = words .. "\n*On call now*\n" .. on_call.lines(services, MOST_LINES)
  return { text = words, blocks = {
    blocks.section(words),
    blocks.actions("oncall_choice", { blocks.button { action_id = BUTTON, label = "Call them to an incident" } }),
  } }
end

local feature = incident_modal.feature {
  callback_id = CALLBACK, title = TITLE, prompt = "To which incident is somebody called?",
  action = "page", build = build, submit = submit,
  command = {
    name = "oncall", synonyms = { "on-call" }, usage = { "oncall", "oncall #12" },
    about = { "call who is on call, or see who it is", "the same for incident 12" },
  },
  buttons = { open = { BUTTON } },
}

local function is_in_incident(given)
  local conversation = conversations.get { platform = "slack", external_id = given.channel_id }
  return conversation ~= nil and conversation.incident_id ~= nil
end

local ask = feature.commands[1].run
feature.commands[1].run = function(given, rest)
  local services, err = on_call.services()
  if not services then
    return reply.ephemeral { text = ":warning: This cannot be read now: " .. blocks.escape(tostring(err), 300) }
  end
  if #services > 0 and (rest ~= "" or is_in_incident(given)) then return ask(given, rest) end
  return reply.ephemeral(overview(services))
end

return feature
