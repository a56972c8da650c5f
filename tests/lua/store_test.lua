-- store: values that scripts keep.
local json = require "engine.json"
local store = require "engine.store"
local task = require "engine.task"

return {
  ["any JSON value is kept as it was"] = function(t)
    for i, value in ipairs { 5, "xé🧯", true, false, { a = { 1, 2, { b = 0.5 } } }, json.array() } do
      t.truthy(store.put("test", "v" .. i, value))
      t.equal(store.get("test", "v" .. i), value)
    end
    t.equal(json.encode(store.get("test", "v6")), "[]")
    t.equal(t.refused("invalid", store.put("test", "nul", "a\0b")).field, "value")
  end,

  ["a newer value replaces, another scope is another place"] = function(t)
    store.put("a", "k", 1)
    store.put("b", "k", 2)
    store.put("a", "k", 3)
    t.equal(store.get("a", "k"), 3)
    t.equal(store.get("b", "k"), 2)
    t.equal(store.get("c", "k"), nil)
  end,

  ["the first of many is new"] = function(t)
    local tries = {}
    for i = 1, 20 do tries[i] = function() return store.put_new("once", "k", i) end end
    local wins = 0
    for _, is_new in ipairs(t.truthy(task.all(tries))) do wins = wins + (is_new and 1 or 0) end
    t.equal(wins, 1)
  end,

  ["a value's time ends"] = function(t)
    store.put("ttl", "k", 1, { ttl = "30m" })
    t.equal(store.put_new("ttl", "k", 2, { ttl = "30m" }), false)
    t.advance "29m"
    t.equal(store.get("ttl", "k"), 1)
    t.advance "2m"
    t.equal(store.get("ttl", "k"), nil)
    t.equal(store.put_new("ttl", "k", 2), true)
  end,

  ["what is deleted is gone, also twice"] = function(t)
    store.put("del", "k", 1)
    t.equal(store.delete("del", "k"), true)
    t.equal(store.get("del", "k"), nil)
    t.equal(store.delete("del", "k"), true)
  end,

  ["mistakes are named"] = function(t)
    t.fails(function() store.put("a", "b") end, "bad argument #3")
    t.fails(function() store.put("a", "b", 1, { tll = "1h" }) end, 'store.put: unknown option "tll"')
    t.fails(function() store.put("a", "b", 1, { ttl = "soon" }) end, "options%.ttl: expected a duration")
    t.refused("invalid", store.put("a", "b", { f = function() end }))
    t.refused("invalid", store.get("a", "\xff"))
  end,
}
