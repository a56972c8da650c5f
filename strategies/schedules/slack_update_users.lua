return {
  about = "Keeps people like the workspace's whom no sync meets",
  task = "slack.update_users", every = "10m",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
