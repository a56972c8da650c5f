-- limits: budgets of tokens, on the tests' clock.
local limits = require "engine.limits"
local task = require "engine.task"
local time = require "engine.time"

return {
  ["a burst is at once, then one by one"] = function(t)
    local options = { per_minute = 60, burst = 2, wait = "0s" }
    t.equal(limits.take("a", options), true)
    t.equal(limits.take("a", options), true)
    local err = t.refused("rate_limited", limits.take("a", options))
    t.truthy(err.retry_after_ms > 0 and err.retry_after_ms <= 1000)
    t.equal(err.retryable, true)
  end,

  ["a caller waits for its token"] = function(t)
    local options = { per_minute = 1200, wait = "5s" }
    local before = time.mono_ms()
    for _ = 1, 3 do t.equal(limits.take("b", options), true) end
    t.truthy(time.mono_ms() - before >= 95)
  end,

  ["who waits is served as time passes"] = function(t)
    local served = 0
    for _ = 1, 4 do
      task.spawn(function()
        if limits.take("c", { per_minute = 1, wait = "10m" }) then served = served + 1 end
      end)
    end
    t.advance "10s"
    t.equal(served, 1)
    t.advance "1m"
    t.equal(served, 2)
    t.advance "5m"
    t.equal(served, 4)
  end,

  ["a block holds everybody back"] = function(t)
    t.equal(limits.take("d", { per_minute = 60, wait = "0s" }), true)
    limits.block("d", "30s")
    local err = t.refused("rate_limited", limits.take("d", { per_minute = 60, burst = 10, wait = "1s" }))
    t.truthy(err.retry_after_ms > 25000)
    t.equal(limits.take("other", { per_minute = 60, wait = "0s" }), true)
  end,

  ["mistakes are named"] = function(t)
    t.fails(function() limits.take("x", {}) end, "options%.per_minute: expected a number above 0, got nil")
    t.fails(function() limits.take("x", { per_minute = 0 }) end, "expected a number above 0, got 0")
    t.fails(function() limits.take("x", { per_minute = 0 / 0 }) end, "above 0")
    t.fails(function() limits.take("x", { per_minut = 1 }) end, 'did you mean "per_minute"')
    t.fails(function() limits.take("", { per_minute = 1 }) end, "1 to 159 bytes")
    t.fails(function() limits.take(("x"):rep(160), { per_minute = 1 }) end, "1 to 159 bytes")
  end,
}
