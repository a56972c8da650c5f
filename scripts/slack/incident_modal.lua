-- incident_modal: a modal about one incident, made into a feature. Its incident is the one that the
-- button names, else the one that was typed ("close #12"), else the channel's; when there is none,
-- the selector asks first.
--
-- A modal is a table with
--   callback_id    of its view
--   title          of the skeleton and the selector, at most 24 characters
--   prompt         what the selector asks
--   action         what permit calls it
--   command        { name=, synonyms=, usage=, about= }, optional
--   buttons        { open = { action ids }, push = { ... }, update = { ... } }, optional
--   shortcuts      { callback ids }, optional
--   build          function(context) -> view; context: given, incident, person_id, actor
--   submit         function(context, values) -> response, optional
local config = require "engine.config"
local incidents = require "engine.incidents"
local blocks = require "slack.blocks"
local permit = require "slack.permit"
local reply = require "slack.reply"
local showing = require "slack.showing"
local view = require "slack.view"

local M = {}

local by_callback = {}

--- The modal with this callback id; nil for an unknown one.
function M.find(callback_id)
  return callback_id and by_callback[callback_id]
end

--- What goes into the metadata of its views.
function M.metadata(incident)
  return { incident = incident.id }
end

local function hidden(id)
  return ("There is no incident #%d, or you do not belong to it."):format(id)
end

-- The context of a request about an incident, or nil and the words for the person.
---@param wanted table  of incidents.get
local function context_of(modal, given, wanted)
  local person_id, words = permit.sender(given)
  if not person_id then return nil, words end
  local actor = permit.actor(person_id)
  local incident, err = incidents.get(wanted, actor)
  if not incident then
    if err.code ~= "not_found" then return nil, "The incident cannot be read now: " .. tostring(err) end
    return nil, wanted.id and hidden(wanted.id) or nil
  end
  local allowed, refusal = permit.check(given, modal.action, incident)
  if not allowed then return nil, refusal end
  return { given = given, incident = incident, person_id = person_id, actor = actor }
end

--- The context of a request about the incident <id>, or the channel's; or nil and the words for the person. May yield.
---@param action string  what permit calls it
---@param id? integer
---@return table|nil context  given, incident, person_id, actor
---@return string|nil words
function M.context(given, action, id)
  local wanted = id and { id = id } or { conversation = { platform = "slack", external_id = given.channel_id } }
  local context, words = context_of({ action = action }, given, wanted)
  return context, words or "There is no incident in this channel, or you do not belong to it."
end

local function id_in(value)
  return math.tointeger(tonumber((value or ""):match "^#?(%d+)$"))
end

local function selector(modal)
  return view.modal {
    callback_id = modal.callback_id, title = modal.title, close = "Cancel",
    blocks = {
      blocks.section(modal.prompt),
      blocks.actions("incident_update_select_incident", {
        blocks.searched_select {
          action_id = "incident_update_select_incident",
          placeholder = "Number, or words of the title",
        },
      }),
    },
  }
end

local function refused(modal, words)
  return view.notice(modal.title, ":no_entry: " .. words)
end

-- The view for a request: the form, the selector, or why neither.
local function view_for(modal, given, id)
  local wanted = id and { id = id }
    or { conversation = { platform = "slack", external_id = given.channel_id } }
  if not id and given.channel_id == "" then return selector(modal) end
  local context, words = context_of(modal, given, wanted)
  if context then return modal.build(context) end
  return words and refused(modal, words) or selector(modal)
end

--- Shows the modal of an incident. Runs after the acknowledgement.
---@param how "open"|"push"|"update"
---@param id? integer  of the incident; nil: the channel's, else the person is asked
function M.show(modal, given, how, id)
  showing.show(given, how, modal.title, function() return view_for(modal, given, id) end)
end

local function run_command(modal, given, rest)
  local id = id_in(rest)
  if rest ~= "" and not id then
    return reply.ephemeral {
      text = ("`%s` is no incident's number. Write, for example, `%s %s #12`."):format(
        blocks.escape(rest, 60), config.slack.command, modal.command.name),
    }
  end
  return reply.ack(function() M.show(modal, given, "open", id) end)
end

local function submit(modal, given)
  local id = math.tointeger(view.metadata(given.view).incident)
  local context, words
  if id then context, words = context_of(modal, given, { id = id }) end
  if not context then
    return reply.update_view(refused(modal, words or "This form names no incident. Nothing was saved."))
  end
  return modal.submit(context, view.read_values(given.view.values))
end

local function command_of(modal)
  local command = {}
  for key, value in pairs(modal.command) do command[key] = value end
  command.run = function(given, rest) return run_command(modal, given, rest) end
  return command
end

--- The feature of a modal, for slack.registry.
---@param modal table
---@return table
function M.feature(modal)
  by_callback[modal.callback_id] = modal
  local feature = { actions = {}, shortcuts = {}, submissions = {} }
  if modal.command then feature.commands = { command_of(modal) } end
  for how, ids in pairs(modal.buttons or {}) do
    for _, id in ipairs(ids) do
      feature.actions[id] = function(given) M.show(modal, given, how, id_in(given.action.value)) end
    end
  end
  for _, id in ipairs(modal.shortcuts or {}) do
    feature.shortcuts[id] = function(given) M.show(modal, given, "open") end
  end
  if modal.submit then
    feature.submissions[modal.callback_id] = function(given) return submit(modal, given) end
  end
  return feature
end

return M
