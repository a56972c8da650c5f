-- config: which webhooks there are. They are written to the database without their secrets, so that the kernel can
-- decide what each may hear, and `halligan webhook list` works without a running engine.
local config = require "engine.config"
local kernel = require "engine.kernel"
local log = require "engine.log"
local shape = require "config.shape"
local events = require "webhooks.events"
local signature = require "webhooks.signature"

local webhook = shape.table { fields = {
  name = shape.string { pattern = "^[a-z0-9][a-z0-9_%-]*$", max = 64, hint = "must be lower case: a-z, 0-9, _ and -" },
  url = shape.string {
    pattern = "^https?://[^%s/@]+", max = 2000, hint = "must start with http:// or https:// and name a host",
  },
  secret = shape.secret { check = signature.check_secret },
  -- Empty: every event.
  events = shape.list { of = shape.enum { values = events.KINDS }, unique = true, default = {} },
  -- Incidents that only their members see are told to nobody else, unless this says so.
  private = shape.boolean { default = false },
  timeout = shape.duration { default = "10s", min = 100, max = 60000 },
} }

local function declare()
  local rows = {}
  for i, hook in ipairs(config.webhooks) do
    rows[i] = { name = hook.name, url = hook.url, events = hook.events, private = hook.private }
  end
  local _, err = kernel.call("webhook.declare", { webhooks = rows })
  if err then log.error("the webhooks of the config are not in force: " .. tostring(err)) end
end

return {
  about = "Declares the webhooks of the config",
  config = { webhooks = shape.list { of = webhook, unique = { "name" }, max = 100, default = {} } },
  on_ready = declare,
}
