-- invites: the shipped strategies, asked in the jail as the engine asks them.
local invites = require "engine.invites"
local kernel = require "engine.kernel"

local function must(name, args)
  local answer, err = kernel.call(name, args)
  if not answer then error(name .. ": " .. tostring(err), 2) end
  return answer
end

local function person(name)
  return must("person.upsert", {
    platform = "slack", external_id = "U" .. name:upper(), handle = name, email = name .. "@example.com",
  }).id
end

local function declare(category, priority)
  return must("incident.declare", {
    title = "Checkout is down", description = "Nobody can pay", priority = priority, category = category,
    environment = "PRD", created_by_email = "ada@example.com",
  }).incident
end

-- {strategy = {name = reason}} of an answer.
local function reasons_of(answer, people)
  local reasons = {}
  for _, row in ipairs(answer.people) do
    reasons[row.strategy] = reasons[row.strategy] or {}
    reasons[row.strategy][people[row.person_id]] = row.reason
  end
  return reasons
end

local function fill()
  local people = {}
  for _, name in ipairs { "ada", "ben", "cho" } do people[person(name)] = name end
  local ids = {}
  for id, name in pairs(people) do ids[name] = id end
  for _, group in ipairs(must("usergroup.list", { platform = "slack" })) do
    if group.handle == "payments-oncall" then
      must("usergroup.set_members", { usergroup_id = group.id, people = { ids.ada, ids.ben } })
    end
  end
  must("oncall.set", { provider = "test", rows = {
    { service = "shop", level = 1, email = "cho@example.com" },
    { service = "shop", level = 2, email = "ben@example.com" },
  } })
  return people
end

return {
  ["the category's group and who is on call are named with their reasons"] = function(t)
    local people = fill()
    local answer = t.truthy(invites.collect(declare("Payment", "P3")))
    t.equal(reasons_of(answer, people), {
      category_responders = { ada = "@payments-oncall", ben = "@payments-oncall" },
      on_call_level_1 = { cho = "on call for shop (level 1)" },
    })
  end,

  ["each strategy is accounted for"] = function(t)
    local states = {}
    local answer = t.truthy(invites.collect(declare("Search", "P3")))
    for _, run in ipairs(answer.runs) do states[run.strategy] = run.state end
    t.equal(states, { category_responders = "answered", on_call_level_1 = "answered", p1_leads = "not_applicable" })
  end,

  ["what comes out can be requested as it is"] = function(t)
    fill()
    local incident = declare("Payment", "P1")
    local answer = t.truthy(invites.collect(incident))
    local requested = must("invitation.request", {
      incident_id = incident.id, platform = "slack", people = answer.people, runs = answer.runs,
    })
    t.equal(#requested.pending, 3)
  end,

  ["only a table is an incident"] = function(t)
    t.fails(function() invites.collect(42) end, "table expected")
  end,
}
