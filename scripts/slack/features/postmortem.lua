-- postmortem: "/incident postmortem": where it is written what we learn from an incident. Systems
-- that write one leave it at the incident; a link to any other document is kept from here.
local incidents = require "engine.incidents"
local kernel = require "engine.kernel"
local blocks = require "slack.blocks"
local documents = require "slack.documents"
local field_errors = require "slack.field_errors"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local reply = require "slack.reply"
local view = require "slack.view"

local CALLBACK = "incident_create_postmortem"
local PROVIDER = "link"   -- of what a person wrote here; one an incident
local URL_MAX = 1000

-- The post-mortems of an incident; the one kept from here comes back separately as well.
local function documents_of(context)
  local found, own = assert(documents.of(context.incident.id, "postmortem", context.actor)), nil
  for _, one in ipairs(found) do
    if one.provider == PROVIDER then own = one end
  end
  return found, own
end

local function standing(found, is_needed)
  if #found > 0 then return documents.lines(found) end
  return is_needed and "It needs a post-mortem before it can be closed, and there is none yet."
    or "There is no post-mortem, and it needs none to be closed."
end

local function build(context)
  local incident = context.incident
  local lifecycle = assert(incidents.lifecycle({ id = incident.id }, context.actor))
  local found, own = documents_of(context)
  return view.modal {
    callback_id = CALLBACK, title = "Postmortem", submit = "Save", close = "Cancel",
    metadata = incident_modal.metadata(incident),
    blocks = {
      blocks.section("*" .. incident_text.headline(incident) .. "*"),
      blocks.section(standing(found, lifecycle.needs_postmortem)),
      blocks.input {
        block_id = "url", label = "Link to the document", optional = true,
        element = blocks.text_input { action_id = "url", max = URL_MAX, initial = own and own.url or nil },
      },
      footer.block(),
    },
  }
end

local function submit(context, values)
  local url = (values.url or ""):match "^%s*(.-)%s*$"
  local _, own = documents_of(context)
  if url == (own and own.url or "") then return reply.ack() end
  if url ~= "" and not blocks.is_url(url) then
    return reply.errors { url = "A link begins with https:// and holds no space." }
  end
  local done, err
  if url == "" then
    done, err = kernel.call("attachment.delete", { id = own.id }, context.actor)
  else
    done, err = kernel.call("attachment.save", {
      incident_id = context.incident.id, kind = "postmortem", provider = PROVIDER, url = url, is_ready = true,
    }, context.actor)
  end
  if not done then return field_errors.response(err, { url = "url" }, "url") end
  return reply.clear()
end

return incident_modal.feature {
  callback_id = CALLBACK, title = "Postmortem", prompt = "Whose post-mortem?",
  action = "update", build = build, submit = submit,
  command = {
    name = "postmortem", synonyms = { "post-mortem", "post mortem", "pm" }, usage = { "postmortem" },
    about = { "what was learned: read it, or keep its link" },
  },
  buttons = {
    open = { "open_modal_create_postmortem" }, push = { "push_modal_create_postmortem" },
  },
}
