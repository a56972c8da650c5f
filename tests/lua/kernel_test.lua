-- kernel: operations by name, each one transaction.
local conversations = require "engine.conversations"
local events = require "engine.events"
local incidents = require "engine.incidents"
local json = require "engine.json"
local kernel = require "engine.kernel"
local people = require "engine.people"
local reference = require "engine.reference"
local task = require "engine.task"
local status = require "incident_status"

local function somebody(name)
  return assert(people.ensure_email { email = name .. "@example.test", name = name })
end

local function declare(fields)
  local args = { title = "Checkout fails", description = "Nobody can pay", priority = "P1", category = "Payment",
    environment = "PRD", created_by = somebody("ada").id }
  for key, value in pairs(fields or {}) do args[key] = value end
  return incidents.declare(args)
end

return {
  ["an incident is declared and read back"] = function(t)
    local declared = t.truthy(declare())
    t.equal(declared.created, true)
    t.equal(math.type(declared.id), "integer")
    local incident = t.truthy(incidents.get { id = declared.id })
    t.equal(incident.title, "Checkout fails")
    t.equal(incident.priority.name, "P1")
    t.equal(incident.category.group.name, "Shop")
    t.equal(kernel.call("incident.get", { id = declared.id }), incident)
  end,

  ["scripts know the statuses by the kernel's numbers"] = function(t)
    local id = t.truthy(declare { priority = "P3" }).id
    t.equal(incidents.get({ id = id }).status, status.OPEN)
    for _, name in ipairs { "Investigating", "Mitigating", "Mitigated", "Closed" } do
      t.truthy(incidents.update { id = id, status = status[name:upper()], closure_reason = "cancelled" })
      t.equal(incidents.get({ id = id }).status_label, name)
    end
  end,

  ["text of all kinds survives"] = function(t)
    local title = "Ünïcode 🧯 <b>&amp;</b> \u{202E}right to left"
    local id = t.truthy(declare { title = title }).id
    t.equal(incidents.get({ id = id }).title, title)
  end,

  ["an unknown argument is an error that names it"] = function(t)
    local err = t.refused("invalid", incidents.get { id = 1, titel = "x" })
    t.equal(err.field, "titel")
    t.equal(err.retryable, false)
    t.equal(tostring(err), err.message)
  end,

  ["what is not there is not found"] = function(t)
    t.refused("not_found", incidents.get { id = 999999 })
  end,

  ["a wrong value names its field"] = function(t)
    t.equal(t.refused("invalid", declare { title = "" }).field, "title")
    t.equal(t.refused("invalid", declare { title = 5 }).field, "title")
    t.equal(t.refused("invalid", declare { title = "\xff" }).field, "title")
    t.equal(t.refused("invalid", declare { impacts = { customers = function() end } }).field, "impacts.customers")
  end,

  ["all that is wrong with a declaration is said at once"] = function(t)
    local err = t.refused("invalid", declare { title = "", category = "Moon", priority = "P9", colour = "red" })
    for _, word in ipairs { "title", '"Moon"', '"P9"', '"colour"' } do
      t.truthy(err.message:find(word, 1, true), err.message)
    end
    t.equal(err.field, "colour")
  end,

  ["a failed declaration leaves nothing behind"] = function(t)
    local before = #incidents.list { limit = 1000 }
    declare { category = "No such category" }
    t.equal(#incidents.list { limit = 1000 }, before)
  end,

  ["an actor who may not see an incident does not"] = function(t)
    local id = t.truthy(declare { private = true }).id
    local bob = somebody("bob")
    t.refused("not_found", incidents.get({ id = id }, { person = bob.id, source = "chat" }))
    t.truthy(incidents.get({ id = id }, { person = somebody("ada").id }))
    t.truthy(incidents.get({ id = id }, { person = bob.id, sees_private = true }))
    t.truthy(incidents.get { id = id })
  end,

  ["empty lists are lists, nothing is nil"] = function(t)
    t.equal(json.encode(incidents.list { status_below = 0 }), "[]")
    t.equal(kernel.call("kv.get", { scope = "x", key = "none" }), nil)
  end,

  ["every module of a subject has its operations"] = function(t)
    for _, fn in ipairs { conversations.opened, events.emit, reference.list, people.sync, incidents.detail } do
      t.equal(type(fn), "function")
    end
    t.equal(incidents.destroy, nil)
    t.equal(#t.truthy(reference.list { kind = "priorities" }), 3)
  end,

  ["calls run side by side"] = function(t)
    local calls = {}
    for i = 1, 50 do calls[i] = function() return declare { title = "number " .. i } end end
    local seen = {}
    for _, declared in ipairs(t.truthy(task.all(calls))) do
      t.falsy(seen[declared.id])
      seen[declared.id] = true
    end
  end,

  ["arguments may be left out"] = function(t)
    local names = t.truthy(reference.names())
    t.equal(names, { milestones = {}, roles = { commander = "Incident Commander" } })
    t.equal(reference.names {}, names)
    t.equal(reference.names(nil, nil), names)
    t.equal(kernel.call "reference.names", names)
    t.equal(kernel.call("reference.names", nil, { source = "web" }), names)
    t.truthy(#incidents.list() >= 0)
  end,

  ["mistakes of the caller throw"] = function(t)
    t.fails(function() kernel.call "incident.destroy" end, 'no operation "incident.destroy"')
    t.fails(function() kernel.call("incident.get", 5) end, "table expected")
    t.fails(function() incidents.get({ id = 1 }, { persn = "x" }) end, 'actor: unknown option "persn"')
    t.fails(function() incidents.get({ id = 1 }, { person = ("x"):rep(100) }) end, "actor%.person: more than 39")
    t.fails(function() incidents.get({ id = 1 }, "somebody") end, "actor: expected a table")
  end,
}
