return {
  about = "Reads the channels of open incidents again, for what no outage explains",
  task = "slack.heal", every = "6h", catch_up = "skip",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
