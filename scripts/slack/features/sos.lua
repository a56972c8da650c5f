-- sos: "/incident sos": calls those who can help, where they are. Whom one can call is declared in
-- config.lua (slack.sos). The call itself is a job: it reaches them also when Slack hiccups now.
local config = require "engine.config"
local jobs = require "engine.jobs"
local blocks = require "slack.blocks"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local reply = require "slack.reply"
local view = require "slack.view"

local CALLBACK = "incident_send_sos"

local function options()
  local list = {}
  for i, sos in ipairs(config.slack.sos) do list[i] = blocks.option(sos.name, sos.name) end
  return list
end

local function build(context)
  local incident = context.incident
  local title = "Get help for #" .. incident.id
  if #config.slack.sos == 0 then
    return view.notice(title, ":warning: Nobody is declared who could be called. Whoever runs this app can add"
      .. " them: `slack.sos` in config.lua.")
  end
  return view.modal {
    callback_id = CALLBACK, title = title, submit = "Send SOS", close = "Cancel",
    metadata = incident_modal.metadata(incident),
    blocks = {
      blocks.section("*" .. incident_text.headline(incident) .. "*"),
      blocks.input {
        block_id = "sos", label = "Who is needed?",
        element = blocks.select { action_id = "sos", options = options(), placeholder = "Choose" },
      },
      footer.block(),
    },
  }
end

local function is_declared(name)
  for _, sos in ipairs(config.slack.sos) do
    if sos.name == name then return true end
  end
  return false
end

local function submit(context, values)
  local given, incident = context.given, context.incident
  if not is_declared(values.sos) then return reply.errors { sos = "This one is not declared any more." } end
  local queued, err = jobs.enqueue {
    handler = "integrations/slack/sos:call", incident_id = incident.id,
    args = { incident_id = incident.id, sos = values.sos, person_id = context.person_id, key = given.view.id },
    key = "slack.sos:" .. given.view.id,
  }
  if not queued then return reply.errors { sos = "Nobody was called; please try again: " .. tostring(err) } end
  return reply.clear(function()
    reply.tell(given, { text = (":sos: %s is being called."):format(blocks.escape(values.sos, 200)) })
  end)
end

return incident_modal.feature {
  callback_id = CALLBACK, title = "Send SOS", prompt = "Which incident needs help?",
  action = "sos", build = build, submit = submit,
  command = {
    name = "sos", synonyms = { "sre", "sos-sre", "sos sre" }, usage = { "sos" }, about = { "call for help" },
  },
  buttons = {
    open = { "open_modal_incident_send_sos" }, push = { "push_modal_incident_send_sos" },
    update = { "update_modal_incident_send_sos" },
  },
}
