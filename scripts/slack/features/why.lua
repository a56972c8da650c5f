-- why: "/incident why" and the button "Why am I here?": which strategy named the person, with its
-- line and its reason, and how to stay out of such incidents. Only the person who asks sees it.
local config = require "engine.config"
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local blocks = require "slack.blocks"
local incident_text = require "slack.incident_text"
local permit = require "slack.permit"
local reply = require "slack.reply"

local MAX_REASONS = 10

local function id_in(value)
  return math.tointeger(tonumber((value or ""):match "^#?(%d+)$"))
end

local function unreadable(err)
  return ":warning: This cannot be read now: " .. blocks.escape(tostring(err), 300)
end

-- The incident, and who asks: { person_id, actor }; or nil and the words for the person.
local function find(given, value)
  local person_id, words = permit.sender(given)
  if not person_id then return nil, words end
  local actor = permit.actor(person_id)
  local id = id_in(value)
  local incident, err = incidents.get(id and { id = id }
    or { conversation = { platform = "slack", external_id = given.channel_id } }, actor)
  if incident then
    local allowed, refusal = permit.check(given, "see", incident)
    if not allowed then return nil, refusal end
    return incident, { person_id = person_id, actor = actor }
  end
  if err.code ~= "not_found" then return nil, unreadable(err) end
  return nil, ("There is no such incident, or you do not belong to it."
    .. " Ask in its channel, or with its number: `%s why #12`."):format(config.slack.command)
end

local function source_of(reason)
  local name = reason.strategy .. (reason.source_line and (":" .. reason.source_line) or "")
  return ("\u{2022} %s (`%s`)"):format(blocks.escape(reason.reason, 500), blocks.escape(name, 200))
end

-- What else makes somebody part of an incident.
local function other_reasons(incident, person_id)
  local lines = {}
  if incident.created_by and incident.created_by.id == person_id then
    lines[1] = "\u{2022} You declared it."
  end
  for _, role in ipairs(incident.roles or {}) do
    if role.person.id == person_id then
      lines[#lines + 1] = ("\u{2022} You are its *%s*."):format(blocks.escape(role.name, 100))
    end
  end
  return lines
end

local function reasons_for(incident, who)
  local rows, err = invitations.explain({ incident_id = incident.id, person_id = who.person_id }, who.actor)
  if not rows then return nil, err end
  local lines = other_reasons(incident, who.person_id)
  local row = rows[1]
  for i, reason in ipairs(row and row.reasons or {}) do
    if i <= MAX_REASONS then lines[#lines + 1] = source_of(reason) end
  end
  return lines
end

-- "all" is for somebody with more than Slack to change.
local function opted_out_of(opt_outs, category)
  local found
  for _, one in ipairs(opt_outs) do
    if not one.category then return "all" end
    if one.category.id == category.id then found = "category" end
  end
  return found
end

local function choice(incident, who)
  local opt_outs, err = invitations.opt_outs({ person_id = who.person_id }, who.actor)
  if not opt_outs then return nil, err end
  local out_of = opted_out_of(opt_outs, incident.category)
  if out_of == "all" then return blocks.context("You asked never to be invited to any incident.") end
  local is_wanted = not out_of
  return blocks.actions("invitation_choice", { blocks.button {
    action_id = is_wanted and "invitation_opt_out" or "invitation_opt_in", value = tostring(incident.id),
    label = is_wanted and "No more invitations to this category" or "Invite me to this category again",
  } })
end

local function answer(given, value)
  local incident, who = find(given, value)
  if not incident then return { text = who } end
  local lines, err = reasons_for(incident, who)
  local button
  if lines then button, err = choice(incident, who) end
  if not button then return { text = unreadable(err) } end
  if #lines == 0 then lines[1] = "Nobody invited you: you came by yourself, or somebody brought you." end
  local words = "*Why you are here: " .. incident_text.headline(incident) .. "*\n" .. table.concat(lines, "\n")
  return { text = words, blocks = { blocks.section(words), button } }
end

local function choose(operation, words)
  return function(given)
    local incident, who = find(given, given.action.value)
    if not incident then return reply.tell(given, { text = who }) end
    local done, err = operation({ person_id = who.person_id, category_id = incident.category.id }, who.actor)
    local text = done and words:format(incident_text.category(incident.category))
      or ":warning: This was not saved: " .. blocks.escape(tostring(err), 300)
    reply.tell(given, { text = text })
  end
end

return {
  commands = { {
    name = "why", usage = { "why", "why #12" },
    about = { "why you are in this incident, and how to stay out of such", "the same for incident 12" },
    run = function(given, rest)
      return reply.ephemeral(answer(given, rest))
    end,
  } },
  actions = {
    why_am_i_here = function(given) reply.tell(given, answer(given, given.action.value)) end,
    invitation_opt_out = choose(invitations.opt_out,
      "You are not invited to incidents of *%s* any more. A role or a mention still brings you."),
    invitation_opt_in = choose(invitations.opt_in, "You are invited to incidents of *%s* again."),
  },
}
