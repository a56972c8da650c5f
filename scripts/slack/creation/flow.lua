-- flow: what happens in the modals of a declaration. Clicks are acknowledged first and drawn
-- afterwards; a submission is checked, kept (or declared) durably, and only then acknowledged. A
-- repeated submission finds its work done and gets the same answer.
local config = require "engine.config"
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local invites = require "engine.invites"
local log = require "engine.log"
local time = require "engine.time"
local blocks = require "slack.blocks"
local catalogue_of = require "slack.creation.catalogue"
local draft_of = require "slack.creation.draft"
local form = require "slack.creation.form"
local views = require "slack.creation.views"
local declared = require "slack.declared"
local permit = require "slack.permit"
local reply = require "slack.reply"
local view = require "slack.view"

local M = {}

local RECENT_MS = 60 * 60 * 1000
local RECENT_MAX = 30
local EXPIRED = "This form is too old, or somebody else opened it. Nothing was declared. Please type `%s open` again."
local BLOCK_OF = {
  category = "incident_category", environments = "environment", environment = "environment",
  title = "title",
  description = "description",
}

-- Those that whoever declares may see.
local function recent_incidents(given)
  local person_id, unknown = permit.sender(given)
  local rows, err = nil, unknown
  if person_id then
    rows, err = permit.list(person_id, {
      created_after_ms = time.now_ms() - RECENT_MS, priority_value_at_most = 3, limit = RECENT_MAX,
      order = "newest",
    })
  end
  if not rows then log.warn("recent incidents: " .. tostring(err)) end
  return rows or {}
end

-- The draft with what it means now. `details` only when they are good: impacts decide which fields
-- there are.
local function context_of(draft)
  local catalogue, err = catalogue_of.load()
  if not catalogue then return nil, err end
  local context = {
    draft = draft, catalogue = catalogue,
    priority = catalogue_of.suggested_priority(catalogue, draft),
  }
  if not context.priority then return context end
  context.response_type = catalogue_of.response_type(context.priority)
  if draft.details then
    local clean, errors = form.check(context, draft.details)
    context.details = not errors and clean or nil
  end
  return context
end

local function draw(given, what, answer, err)
  if answer then return answer end
  log.warn(("the view %s was not drawn: %s"):format(what, tostring(err)), { user = given.user_id })
end

-- People who would be invited, as far as the strategies can say before there is an incident. nil:
-- nobody knows.
local function estimate_of(context, author_id)
  local category = form.category_of(context, context.details)
  if context.response_type ~= "critical" or not category then return nil end
  local answer = invites.collect {
    id = 0, title = context.details.title, description = context.details.description, status = 10,
    priority = context.priority,
    category = category,
    environment = catalogue_of.environment_by_value(context.catalogue,
      context.details.environment[1]),
    is_private = category.is_private, response_type = context.response_type, custom_fields = {},
    roles = {}, impacts = {},
  }
  local opted_out = answer and invitations.opted_out { category_id = tostring(category.id) }
  if not opted_out then return nil end
  local ids, count = { [author_id or ""] = true }, 1     -- the author comes anyway
  for _, person_id in ipairs(opted_out) do ids[person_id] = true end
  for _, row in ipairs(answer.people) do
    if not ids[row.person_id] then
      ids[row.person_id] = true
      count = count + 1
    end
  end
  return count
end

local function show_root(given, view_id, draft)
  local context, err = context_of(draft)
  if not context then return draw(given, "incident_open", nil, err) end
  local more = { recent = #recent_incidents(given) }
  local shown = draw(given, "incident_open", view.update(view_id, views.root(context, more)))
  if not shown or not context.details then return end
  more.estimate = estimate_of(context, (permit.sender(given)))
  local hash = type(shown.view) == "table" and shown.view.hash
  if more.estimate and hash then view.update(view_id, views.root(context, more), hash) end
end

--- Opens the root modal, for those who may declare. Runs after the acknowledgement.
function M.open(given)
  local allowed, words = permit.check(given, "declare")
  if not allowed then return reply.tell(given, { text = ":no_entry: " .. words }) end
  local draft = draft_of.new(given.user_id)
  local context, err = context_of(draft)
  if not context then
    return reply.tell(given, {
      text = ":warning: The form cannot be opened now: " .. tostring(err),
    })
  end
  draft_of.save(draft)               -- before the first click can come
  local root = views.root(context, { recent = #recent_incidents(given) })
  local opened, refusal = view.open(given.trigger_id, root)
  if opened then return end
  if refusal.slack == "exchanged_trigger_id" then return end      -- a repeated delivery: the form is open already
  log.warn("the creation form was not opened: " .. tostring(refusal), { user = given.user_id })
  reply.tell(given, {
    text = ":warning: Slack did not let us open the form in time. Please try again, or type `"
      .. config.slack.command .. " open P2 what is broken`.",
  })
end

local function expired_notice()
  return view.notice("Too old", ":hourglass: " .. EXPIRED:format(config.slack.command))
end

-- Loads the draft of a clicked view and pushes what <make> draws of it.
local function push(given, make)
  local draft = draft_of.load(view.metadata(given.view), given.user_id)
  local context = draft and context_of(draft)
  local pushed = context and make(context) or expired_notice()
  draw(given, pushed.callback_id, view.push(given.trigger_id, pushed))
end

function M.push_impacts(given)
  push(given, views.impacts)
end

function M.push_details(given)
  push(given, function(context) return context.priority and views.details(context) end)
end

function M.push_recent(given)
  draw(given, "check_current_incidents",
    view.push(given.trigger_id, views.recent(recent_incidents(given))))
end

-- The chosen level of each type; errors at those without one.
local function read_impacts(context, values)
  local chosen, errors = {}, {}
  for _, impact_type in ipairs(context.catalogue.impacts) do
    local name = "set_impact_type_" .. impact_type.value
    local level = catalogue_of.by_id(impact_type.levels, values[name])
    if level then
      chosen[impact_type.value] = tostring(level.id)
    else
      errors[name] = "Choose one of the levels."
    end
  end
  return chosen, next(errors) and errors or nil
end

--- A level was chosen: shows the priority that follows. Nothing is kept until the form is
--- submitted.
function M.impact_chosen(given)
  local shown, err = view.redraw(given, function()
    local draft = draft_of.load(view.metadata(given.view), given.user_id)
    local context = draft and context_of(draft)
    if not context then return expired_notice() end
    draft.impacts = read_impacts(context, view.read_values(given.view.values))
    return views.impacts(context_of(draft))
  end)
  draw(given, "incident_select_impact", shown, err)
end

local function unavailable(err)
  local words = ":warning: This could not be saved: " .. blocks.escape(tostring(err), 500)
    .. "\nPlease try again."
  return reply.update_view(view.notice("Not saved", words))
end

-- What each submission begins with: the draft and what it means. The third value is the answer when
-- there is none.
local function begin_submission(given)
  local draft = draft_of.load(view.metadata(given.view), given.user_id)
  if not draft then return nil, nil, reply.update_view(expired_notice()) end
  local context, err = context_of(draft)
  if not context then return nil, nil, unavailable(err) end
  return draft, context
end

local function keep_and_show_root(given, draft)
  local saved, err = draft_of.save(draft)
  if not saved and err then return unavailable(err) end
  return reply.ack(function() show_root(given, given.view.root_id, draft) end)
end

---@return table response
function M.submit_impacts(given)
  local draft, context, answer = begin_submission(given)
  if not draft then return answer end
  local chosen, errors = read_impacts(context, view.read_values(given.view.values))
  if errors then return reply.errors(errors) end
  draft.impacts = chosen
  return keep_and_show_root(given, draft)
end

---@return table response
function M.submit_details(given)
  local draft, context, answer = begin_submission(given)
  if not draft then return answer end
  if not context.priority then return reply.update_view(expired_notice()) end
  local clean, errors = form.check(context, view.read_values(given.view.values))
  if errors then return reply.errors(errors) end
  draft.details = clean
  return keep_and_show_root(given, draft)
end

local function chosen_impacts(context)
  local impacts = {}
  for _, impact_type in ipairs(context.catalogue.impacts) do
    local level = catalogue_of.level_of(context.draft, impact_type)
    if level then impacts[impact_type.value] = level.id end
  end
  return impacts
end

local function declare(given, context, person_id)
  local details = context.details
  return incidents.declare({
    title = details.title, description = details.description, priority = context.priority.id,
    category = details.incident_category, environments = details.environment,
    created_by = person_id,
    impacts = chosen_impacts(context), custom_fields = form.custom_fields(context, details),
    response_type = context.response_type, form = true, require_enabled = true,
    request_key = "slack:view:" .. given.view.id,
  }, { person = person_id, source = "chat" })
end

local function root_with_problem(given, context, problem)
  return reply.update_view(views.root(context, { problem = problem, recent = #recent_incidents(given) }))
end

local function problem_of(err)
  local field = err.field and BLOCK_OF[err.field]
  local place = field and ("the field \"%s\": "):format(field) or ""
  return "The incident was not declared: " .. place .. tostring(err)
end

--- The last button: checks once more and declares.
---@return table response
function M.submit(given)
  local draft, context, answer = begin_submission(given)
  if not draft then return answer end
  if not context.priority or not context.details then
    return root_with_problem(given, context,
      "Something changed meanwhile. Please look at the impacts and details again.")
  end
  local person_id, refusal = permit.check(given, "declare")
  if not person_id then return root_with_problem(given, context, refusal) end
  local result, err = declare(given, context, person_id)
  if not result then return root_with_problem(given, context, problem_of(err)) end
  draft.incident_id = result.id
  draft_of.save(draft)
  if not result.created then return reply.ack() end
  return reply.ack(function() reply.tell(given, declared.message(result.incident)) end)
end

return M
