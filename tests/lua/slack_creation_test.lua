-- slack_creation: from the impacts to a priority, from the forms to a declaration.
local catalogue_of = require "slack.creation.catalogue"
local draft_of = require "slack.creation.draft"
local flow = require "slack.creation.flow"
local form = require "slack.creation.form"
local incidents = require "engine.incidents"
local json = require "engine.json"
local people = require "engine.people"

local function level(catalogue, value)
  for _, one in ipairs(catalogue.impacts[1].levels) do
    if one.value == value then return one.id end
  end
end

local function context_with(value)
  local catalogue = assert(catalogue_of.load())
  local draft = draft_of.new("U1")
  draft.impacts.customers = value and level(catalogue, value)
  local context = {
    catalogue = catalogue, draft = draft,
    priority = catalogue_of.suggested_priority(catalogue, draft),
  }
  context.response_type = context.priority and catalogue_of.response_type(context.priority)
  return context
end

local function details(context, changes)
  local values = {
    title = "Checkout answers with errors", description = "All card payments fail since ten.",
    incident_category = context.catalogue.categories[1].id, environment = { "PRD" },
  }
  for name, value in pairs(changes or {}) do values[name] = value end
  return values
end

-- A submission of the view <callback> of this draft.
local function given(draft, values)
  return {
    user_id = "U1", user_name = "ann", trigger_id = "t", response_url = "",
    view = {
      id = "V-" .. draft.key, root_id = "V0", hash = "",
      metadata = json.encode(draft_of.metadata(draft)), values = values or {},
    },
  }
end

return {
  ["the worst impact suggests the priority"] = function(t)
    t.equal(context_with("HI").priority.name, "P3", "no P2 here: the next one from P3 on")
    t.equal(context_with("LO").priority.name, "P4")
    t.equal(context_with("NO").priority, nil)
    t.equal(context_with(nil).priority, nil, "an incomplete form")
  end,

  ["below four there is a channel"] = function(t)
    t.equal({
      context_with("HI").response_type, context_with("LO").response_type,
    }, { "critical", "normal" })
  end,

  ["good details are kept, trimmed"] = function(t)
    local context = context_with("HI")
    local clean, errors = form.check(context, details(context, {
      title = "  Checkout is down for all  ",
    }))
    t.equal(errors, nil)
    t.equal(clean.title, "Checkout is down for all")
  end,

  ["each error stands at its field"] = function(t)
    local context = context_with("HI")
    local _, errors = form.check(context, {})
    t.equal({
      errors.title ~= nil, errors.description ~= nil, errors.incident_category ~= nil,
        errors.environment ~= nil,
    },
      { true, true, true, true })
    _, errors = form.check(context, details(context, { title = ("x"):rep(129) }))
    t.matches(errors.title, "At most 128")
    _, errors = form.check(context, details(context, { description = ("x"):rep(1201) }))
    t.matches(errors.description, "At most 1200")
    _, errors = form.check(context, details(context, {
      incident_category = "gone", environment = { "MARS" },
    }))
    t.truthy(errors.incident_category and errors.environment)
  end,

  ["ten characters are counted as people see them"] = function(t)
    local context = context_with("HI")
    local _, errors = form.check(context, details(context, { title = "تعطل الدفع" }))
    t.equal(errors, nil)
  end,

  ["a draft belongs to whoever began it"] = function(t)
    local draft = draft_of.new("U1")
    draft_of.save(draft)
    t.truthy(draft_of.load(draft_of.metadata(draft), "U1"))
    t.equal(draft_of.load(draft_of.metadata(draft), "U2"), nil)
    t.equal(draft_of.load({ draft = "../../x" }, "U1"), nil)
    t.equal(draft_of.load({}, "U1"), nil)
  end,

  ["impacts without a level are refused at their block"] = function(t)
    local draft = draft_of.new("U1")
    draft_of.save(draft)
    local response = flow.submit_impacts(given(draft))
    t.equal(json.decode(response.body).errors, {
      set_impact_type_customers = "Choose one of the levels.",
    })
  end,

  ["the whole way declares once, also when the last button comes twice"] = function(t)
    assert(people.upsert {
      platform = "slack", external_id = "U1", handle = "ann", name = "Ann", is_active = true,
      is_bot = false,
    })
    local context = context_with("HI")
    local draft = context.draft
    draft.impacts = {}
    draft_of.save(draft)
    local option = {
      type = "static_select", selected_option = { value = level(context.catalogue, "HI") },
    }
    local name = "set_impact_type_customers"
    t.equal(flow.submit_impacts(given(draft, { [name] = { [name] = option } })).body, "")
    local kept = draft_of.load(draft_of.metadata(draft), "U1")
    kept.details = details(context)
    draft_of.save(kept)
    local before = #assert(incidents.list {})
    for _ = 1, 2 do t.equal(flow.submit(given(draft)).body, "") end
    local rows = assert(incidents.list {})
    t.equal(#rows, before + 1)
    local detail = assert(incidents.get { id = rows[1].id })
    t.equal({
      detail.priority.name, detail.impacts[1].level.value, detail.custom_fields.environments,
    }, { "P3", "HI", { "PRD" } })
  end,

  ["a form without its draft says so and declares nothing"] = function(t)
    local before = #assert(incidents.list {})
    local response = flow.submit(given(draft_of.new("U1")))
    t.equal(json.decode(response.body).response_action, "update")
    t.equal(#assert(incidents.list {}), before)
  end,
}
