-- task: work side by side, on a clock that tests set.
local task = require "engine.task"
local time = require "engine.time"

local function sleeper(list, name, duration)
  return function()
    task.sleep(duration)
    list[#list + 1] = name
    return name
  end
end

return {
  ["sleeping takes as long as it says"] = function(t)
    local before = time.mono_ms()
    task.sleep "20ms"
    t.truthy(time.mono_ms() - before >= 20)
  end,

  ["tasks that sleep wake in their order when time passes"] = function(t)
    local order = {}
    task.spawn(sleeper(order, "c", "3m"))
    task.spawn(sleeper(order, "a", "1m"))
    task.spawn(sleeper(order, "b", "2m"))
    t.advance "90s"
    t.equal(order, { "a" })
    t.advance "2m"
    t.equal(order, { "a", "b", "c" })
  end,

  ["a task that sleeps in steps wakes at each of them"] = function(t)
    local moments = {}
    local started = time.mono_ms()
    local id = task.spawn(function()
      for i = 1, 3 do
        task.sleep "1m"
        moments[i] = (time.mono_ms() - started) // 60000
      end
    end)
    t.advance "10m"
    t.equal(moments, { 1, 2, 3 })
    t.equal(task.join(id), true)
  end,

  ["all gives each first result in its place"] = function(t)
    local order = {}
    local results = task.all { sleeper(order, "slow", "20ms"), sleeper(order, "fast", "1ms"),
      function() return 7, 8 end }
    t.equal(results, { "slow", "fast", 7 })
    t.equal(order, { "fast", "slow" })
    t.equal(task.all {}, {})
  end,

  ["all ends the others when one throws"] = function(t)
    local order = {}
    local results, err = task.all { sleeper(order, "never", "1h"), function() error("broken", 0) end }
    t.equal(results, nil)
    t.matches(tostring(err), "broken")
    t.advance "2h"
    t.equal(order, {})
  end,

  ["all passes on the first nil and error"] = function(t)
    local results, err = task.all { function() return 1 end, function() return nil, { code = "limit" } end }
    t.equal(results, nil)
    t.equal(err.code, "limit")
  end,

  ["race ends the losers"] = function(t)
    local order = {}
    t.equal(task.race { sleeper(order, "slow", "1h"), sleeper(order, "fast", "1ms") }, "fast")
    t.advance "2h"
    t.equal(order, { "fast" })
    t.fails(function() task.race {} end, "no function to run")
  end,

  ["arguments and results travel"] = function(t)
    local got
    t.equal(task.join(task.spawn(function(...) got = table.pack(...) end, 1, nil, "x")), true)
    t.equal(got, { n = 3, [1] = 1, [3] = "x" })
  end,

  ["the failure of a task is told to who joins it"] = function(t)
    local id = task.spawn(function()
      task.sleep "1ms"
      error("no", 0)
    end)
    t.matches(tostring(t.refused("script", task.join(id))), "no")
    t.equal(task.join(id), true)   -- it is over; nobody keeps why
  end,

  ["waits pass through pcall, but not through sort or gsub"] = function(t)
    t.equal(pcall(function() task.sleep "1ms" end), true)
    t.fails(function() table.sort({ 2, 1 }, function() task.sleep "1ms" end) end, "task.sleep cannot be used inside")
    t.fails(function() return (("a"):gsub("a", function() task.sleep "1ms" end)) end, "cannot be used inside")
    t.fails(function()
      return tostring(setmetatable({}, { __tostring = function() task.sleep "1ms" end }))
    end, "cannot be used inside")
  end,

  ["what is to be closed is closed when a task is ended"] = function(t)
    local closed = false
    task.race {
      function()
        local guard <close> = setmetatable({}, { __close = function() closed = true end })
        task.sleep "1h"
        return guard
      end,
      function() task.sleep "1ms" end,
    }
    t.truthy(closed)
  end,

  ["arguments are checked"] = function(t)
    t.fails(function() task.sleep "soon" end, "not a duration")
    t.fails(function() task.spawn(1) end, "bad argument #1 to 'spawn'")
    t.fails(function() task.all { 1 } end, "not a list of functions")
  end,
}
