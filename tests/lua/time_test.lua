-- time: zones, words and what people write.
local time = require "engine.time"

local NOON = 1795435331000   -- 2026-11-23T12:02:11Z

return {
  ["the clock can be set"] = function(t)
    t.at "2026-11-23T12:02:11Z"
    t.equal(time.now_ms(), NOON)
    t.advance "1h"
    t.equal(time.now_ms(), NOON + 3600000)
    local before = time.mono_ms()
    t.advance "90s"
    t.truthy(time.mono_ms() - before >= 90000)
  end,

  ["an instant as people of a zone write it"] = function(t)
    t.equal(time.format(NOON, "%Y-%m-%d %H:%M:%S"), "2026-11-23 12:02:11")
    t.equal(time.format(NOON, "%H:%M %Z %z", "Europe/Paris"), "13:02 CET +0100")
    t.equal(time.format(NOON, "%A %a %e %B %b %j %u %%", "America/New_York"), "Monday Mon 23 November Nov 327 1 %")
    t.equal(time.format(0, "%z", "Asia/Kathmandu"), "+0530")
    t.equal(time.format(NOON, "100%"), "100%")
    t.fails(function() time.format(NOON, "%Q") end, "%%Q is not known")
  end,

  ["a zone that does not exist is named"] = function(t)
    t.fails(function() time.format(0, "%Y", "Mars/Olympus") end, "bad argument #3 to 'format' .*Mars/Olympus")
    t.fails(function() time.to_local(0, "../../etc/passwd") end, "bad argument #2")
  end,

  ["local time and back, at both ends of summer"] = function(t)
    local zone = "Europe/Paris"
    for _, text in ipairs { "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-07-01T12:00:00Z",
      "2026-12-31T23:59:59Z" } do
      local ms = time.parse(text)
      t.equal(time.from_local(time.to_local(ms, zone), zone), ms, text)
    end
    t.equal(time.to_local(NOON, zone), { year = 2026, month = 11, day = 23, hour = 13, minute = 2, second = 11,
      weekday = 1, yearday = 327, offset_s = 3600, abbrev = "CET" })
    local skipped = time.from_local({ year = 2026, month = 3, day = 29, hour = 2, minute = 30 }, zone)
    t.equal(time.format(skipped, "%H:%M", zone), "03:30")
    local twice = time.from_local({ year = 2026, month = 10, day = 25, hour = 2, minute = 30 }, zone)
    t.equal(time.to_local(twice, zone).abbrev, "CEST")
  end,

  ["dates carry over"] = function(t)
    t.equal(time.format(time.from_local { year = 2026, month = 3, day = 0 }, "%Y-%m-%d"), "2026-02-28")
    t.equal(time.format(time.from_local { year = 2026, month = 14, day = 1 }, "%Y-%m-%d"), "2027-02-01")
    t.fails(function() time.from_local { year = "x", month = 1, day = 1 } end, "date%.year: expected an integer, got x")
    t.fails(function() time.from_local { year = 2026, month = 1e12 } end, "date%.month")
  end,

  ["instants that no calendar shows are refused"] = function(t)
    t.fails(function() time.format(math.maxinteger, "%Y") end, "too far away")
    t.fails(function() time.to_local(math.mininteger) end, "too far away")
  end,

  ["what people and machines write is read"] = function(t)
    t.equal(time.parse "2026-11-23T12:02:11Z", NOON)
    t.equal(time.parse "2026-11-23 13:02:11+01:00", NOON)
    t.equal(time.parse "2026-11-23t06:02:11.250-0600", NOON + 250)
    t.equal(time.parse "2026-11-23T12:02:11.123456789z", NOON + 123)
    t.equal(time.parse("2026-11-23T13:02", "Europe/Paris"), NOON - 11000)
    t.equal(time.parse("2026-11-23", "Europe/Paris"), time.parse "2026-11-22T23:00:00Z")
    t.equal(time.parse "1970-01-01", 0)
    t.equal(time.parse "2024-02-29", time.parse "2024-03-01" - 86400000)
    t.equal(time.parse "2026-12-31T23:59:60Z", time.parse "2027-01-01T00:00:00Z")
  end,

  ["what is no date is refused"] = function(t)
    for _, text in ipairs { "", "now", "2026", "2026-11", "2026-13-01", "2026-02-29", "2026-11-23T", "2026-11-23T24:00",
      "2026-11-23T12", "2026-11-23T12:02:11.", "2026-11-23T12:02:11+1", "2026-11-23T12:02:11Zx", " 2026-11-23",
      "2026-11-23T12:02\0Z", "26-11-23" } do
      t.refused("invalid", time.parse(text))
    end
  end,

  ["durations"] = function(t)
    for text, ms in pairs { ["150ms"] = 150, ["15s"] = 15000, ["5m"] = 300000, ["1h"] = 3600000, ["2d"] = 172800000,
      ["0s"] = 0 } do
      t.equal(time.duration(text), ms)
    end
    t.equal(time.duration(1500), 1500)
    for _, bad in ipairs { "", "5", "s", "-5s", "1.5h", "5 m", "5min" } do
      t.fails(function() time.duration(bad) end, "not a duration")
    end
    t.fails(function() time.duration(-1) end, "bad argument #1")
  end,

  ["durations as people say them"] = function(t)
    local words = {
      [0] = "an instant", [999] = "an instant", [1000] = "1 second", [61000] = "1 minute and 1 second",
      [11100000] = "3 hours and 5 minutes", [10800000] = "3 hours", [90000000] = "1 day and 1 hour",
      [604800000] = "1 week", [-61000] = "1 minute and 1 second", [3605000] = "1 hour",
    }
    for ms, said in pairs(words) do t.equal(time.humanize(ms), said) end
    t.matches(time.humanize(math.mininteger), "weeks")
  end,
}
