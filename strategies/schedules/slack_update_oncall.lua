return {
  about = "Says who is on call in the topic of the shared channel",
  task = "slack.update_oncall", every = "10m", catch_up = "once",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
