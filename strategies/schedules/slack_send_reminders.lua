return {
  about = "Asks for news of incidents of which nobody has heard",
  task = "slack.send_reminders", every = "10m",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
