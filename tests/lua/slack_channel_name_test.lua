-- slack_channel_name: date, number, environments, category; lower case, dashes, at most 80.
local channel_name = require "slack.channel_name"

local function incident(category, environments)
  return {
    id = 14, category = { name = category }, environment = { value = "PRD" },
    custom_fields = { environments = environments },
  }
end

local function name(category, environments)
  return channel_name.of(incident(category, environments), "20261123")
end

return {
  ["the facts in their order"] = function(t)
    t.equal(name("Payment"), "20261123-14-prd-payment")
    t.equal(name("Payment", { "INT", "PRD" }), "20261123-14-prd-int-payment")
    t.equal(name("Payment", { "zeta", "support", "STG" }), "20261123-14-stg-support-zeta-payment")
  end,

  ["what no channel can be called becomes one dash"] = function(t)
    t.equal(name("Stock & prices (é)"), "20261123-14-prd-stock-prices-")
    t.equal(name("--"), "20261123-14-prd-")
  end,

  ["too long: environments first, then the end"] = function(t)
    local long = name(("x"):rep(60), { "production-europe", "production-asia" })
    t.equal(long, "20261123-14-pro-pro-" .. ("x"):rep(60))
    t.equal(#name(("x"):rep(200)), 80)
  end,

  ["a number is added within the length"] = function(t)
    t.equal(channel_name.with_suffix("a-b", 1), "a-b")
    t.equal(channel_name.with_suffix("a-b", 2), "a-b-2")
    t.equal(channel_name.with_suffix(("x"):rep(80), 12), ("x"):rep(77) .. "-12")
  end,
}
