-- log and info: what scripts say and may know. (What lines look like: tests/unit/test_log.c.)
local info = require "engine.info"
local log = require "engine.log"
local schedule = require "engine.schedule"
local time = require "engine.time"

return {
  ["anything can be logged"] = function(t)
    log.debug "plain"
    log.info(nil, { incident = 5, text = "a b", list = {} })
    log.error(setmetatable({}, { __tostring = function() return "from the log's own test" end }), { b = 1, a = "é" })
    t.equal(select("#", log.warn "from the log's own test"), 0)
  end,

  ["mistakes are named"] = function(t)
    t.fails(function() log.info() end, "bad argument #1")
    t.fails(function() log.error("x", "y") end, "bad argument #2")
    t.fails(function() log.error("x", { 1 }) end, "names are texts")
    t.fails(function() log.error("x", { incident = "five" }) end, "fields%.incident")
  end,

  ["the engine says who it is, and cannot be told otherwise"] = function(t)
    t.matches(info.version, "^%d+%.%d+")
    t.equal(info.base_url, "https://halligan.example.test")
    t.matches(info.generation, "^%x+$")
    t.truthy(info.started_at_ms <= time.now_ms())
    t.fails(function() return info.verson end, 'no "verson"')
    t.fails(function() info.version = "2" end, "read%-only")
  end,

  ["schedules can be listed"] = function(t)
    for _, row in ipairs(schedule.list()) do
      t.equal(type(row.task), "string")
      t.truthy(row.every_ms or row.cron)
    end
  end,

  ["modules cannot be changed"] = function(t)
    t.fails(function() log.info = nil end, "engine.log cannot be changed")
  end,
}
