-- home: open home tabs show what changes. Changes within some seconds are shown together, so that a busy incident costs
-- one publication a reader and not one a change.
local jobs = require "engine.jobs"
local kernel = require "engine.kernel"
local log = require "engine.log"
local time = require "engine.time"
local home_tab = require "slack.home_tab"

local TOGETHER_MS = 5000
local READERS = 200   -- at most so many a time: those who looked last
local EVENTS = {
  "incident.created", "incident.updated", "incident.closed", "incident.reopened", "conversation.created",
}

local function readers_of(limit)
  return kernel.call("kv.list", { scope = home_tab.SCOPE, limit = limit })
end

local function plan()
  local readers, err = readers_of(1)
  if not readers then return nil, err end
  if #readers == 0 then return end
  return jobs.enqueue {
    handler = "integrations/slack/home:refresh", delay_ms = TOGETHER_MS,
    key = ("slack.home:%d"):format(time.now_ms() // TOGETHER_MS),
  }
end

-- One reader who cannot be shown it does not keep the others waiting for it.
local function refresh()
  local readers, err = readers_of(READERS)
  if not readers then return nil, err end
  for _, reader in ipairs(readers) do
    local _, problem = home_tab.publish(reader.key, reader.value)
    if problem then log.warn("a home tab was not refreshed: " .. tostring(problem), { user = reader.key }) end
  end
end

local on = {}
for _, kind in ipairs(EVENTS) do on[kind] = plan end

return {
  about = "Shows changes in open home tabs",
  enabled = function(settings) return settings.slack.token ~= "" end,
  on = on,
  touching = { ["incident.updated"] = { "*" } },
  jobs = { refresh = refresh },
}
