-- roles: "/incident roles": who does what. Several people may hold a role; "I take it" makes whoever
-- presses it the holder.
local incidents = require "engine.incidents"
local json = require "engine.json"
local reference = require "engine.reference"
local blocks = require "slack.blocks"
local choices = require "slack.choices"
local field_errors = require "slack.field_errors"
local footer = require "slack.footer"
local incident_modal = require "slack.incident_modal"
local incident_text = require "slack.incident_text"
local people = require "slack.people"
local permit = require "slack.permit"
local reply = require "slack.reply"
local view = require "slack.view"

local CALLBACK = "incident_update_roles"
local HOLDERS_MAX = 20

local function holders_of(incident, slug)
  local ids = {}
  for _, role in ipairs(incident.roles or {}) do
    local slack_id = role.slug == slug and people.slack_id(role.person)
    if slack_id then ids[#ids + 1] = slack_id end
  end
  return ids
end

local function input(incident, role)
  local name, holders = "role_" .. role.slug, holders_of(incident, role.slug)
  return blocks.input {
    block_id = name, label = (role.emoji .. " " .. role.name):gsub("^ ", ""), hint = role.summary,
    optional = not role.is_required,
    element = blocks.users_select {
      action_id = name, initial = holders, max = math.max(HOLDERS_MAX, #holders),
      placeholder = "Nobody yet",
    },
  }
end

local function build(context)
  local incident = context.incident
  local list = { blocks.section("*" .. incident_text.headline(incident) .. "*") }
  for _, role in ipairs(assert(reference.list { kind = "roles" })) do
    list[#list + 1] = input(incident, role)
  end
  view.fit(list, ("`halligan incident roles %d` has all of them."):format(incident.id))
  list[#list + 1] = footer.block()
  return view.modal {
    callback_id = CALLBACK, title = "Roles of incident #" .. incident.id, submit = "Update roles",
    close = "Cancel", blocks = list, metadata = incident_modal.metadata(incident),
  }
end

-- The people whose Slack ids these are, or the first error.
local function resolve(slack_ids)
  local ids = json.array {}
  for i, slack_id in ipairs(slack_ids) do
    local person, err = people.resolve(slack_id)
    if not person then return nil, err end
    ids[i] = person.id
  end
  return ids
end

local function submit(context, values)
  local incident, roles, errors, block_of = context.incident, {}, {}, {}
  for _, role in ipairs(assert(reference.list { kind = "roles" })) do
    local name = "role_" .. role.slug
    block_of["roles." .. role.slug] = name
    block_of.first = block_of.first or name
    local chosen = values[name]
    if chosen and not choices.is_same(chosen, holders_of(incident, role.slug)) then
      local ids, err = resolve(chosen)
      if not ids then errors[name] = "One of them is not known: " .. tostring(err) end
      roles[role.slug] = ids
    end
  end
  if next(errors) then return reply.errors(errors) end
  if not next(roles) then return reply.ack() end
  local result, err = incidents.set_roles({
    id = incident.id, roles = roles, request_key = "slack:view:" .. context.given.view.id,
  }, context.actor)
  if not result then return field_errors.response(err, block_of, block_of.first) end
  return reply.clear()
end

-- On behalf of whoever pressed the button; or nil and why not, mrkdwn.
local function take(given, id, slug)
  local person_id, unknown = permit.sender(given)
  if not person_id then return nil, unknown end
  local actor = permit.actor(person_id)
  local incident, err = incidents.get({ id = id }, actor)
  if not incident then return nil, blocks.escape(tostring(err), 300) end
  local allowed, refusal = permit.check(given, "roles", incident)
  if not allowed then return nil, refusal end
  local done, problem = incidents.claim_role({ id = id, role = slug }, actor)
  if not done then return nil, blocks.escape(tostring(problem), 300) end
  return true
end

-- A button's value is "incident role".
local function claim(given)
  local id, slug = given.action.value:match "^(%d+) ([%w_%-]+)$"
  if not id then return end
  local _, words = take(given, math.tointeger(id), slug)
  if words then reply.tell(given, { text = ":warning: " .. words }) end
end

local feature = incident_modal.feature {
  callback_id = CALLBACK, title = "Update roles", prompt = "Whose roles are to be given?",
  action = "roles", build = build, submit = submit,
  command = {
    name = "roles", synonyms = { "update roles" }, usage = { "roles" },
    about = { "who does what: give and take roles" },
  },
  buttons = {
    open = { "open_modal_incident_update_roles" }, push = { "push_modal_incident_update_roles" },
    update = { "update_modal_incident_update_roles" },
  },
}
feature.actions.claim_incident_role = claim
return feature
