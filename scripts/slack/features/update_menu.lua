-- update_menu: "/incident update": what can be said about an incident, each a button that pushes its
-- form. Only what this person may do is offered.
local blocks = require "slack.blocks"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local permit = require "slack.permit"
local view = require "slack.view"

-- In the order of the buttons; action: what permit calls it.
local CHOICES = {
  { id = "push_modal_incident_update_status", label = "Update status", action = "update", style = "primary" },
  { id = "push_modal_incident_update_roles", label = "Update roles", action = "roles" },
  { id = "push_modal_incident_edit", label = "Edit title and description", action = "edit" },
  { id = "push_modal_incident_key_events", label = "Key events", action = "update" },
}

local function title_of(incident)
  return "Update incident #" .. incident.id
end

-- The buttons that this person may press, and why there is none.
local function buttons_for(context)
  local buttons, refusal = {}, nil
  for _, choice in ipairs(CHOICES) do
    local allowed, words = permit.check(context.given, choice.action, context.incident)
    if allowed then
      buttons[#buttons + 1] = blocks.button {
        action_id = choice.id, label = choice.label, style = choice.style, value = tostring(context.incident.id),
      }
    end
    refusal = refusal or words
  end
  return buttons, refusal
end

local function build(context)
  local incident = context.incident
  local buttons, refusal = buttons_for(context)
  if #buttons == 0 then return view.notice(title_of(incident), ":no_entry: " .. refusal) end
  return view.modal {
    callback_id = "incident_update", title = title_of(incident), close = "Close",
    metadata = incident_modal.metadata(incident),
    blocks = {
      blocks.section("*" .. incident_text.headline(incident) .. "*"),
      blocks.actions("choose_update_type", buttons),
      footer.block(),
    },
  }
end

return incident_modal.feature {
  callback_id = "incident_update", title = "Update incident", prompt = "Which incident is there news of?",
  action = "see", build = build,
  command = {
    name = "update", usage = { "update", "update #12" },
    about = { "say what is new, give roles, edit: choose from a menu", "the same for incident 12" },
  },
  buttons = { open = { "update_incident" } },
}
