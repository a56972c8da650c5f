return {
  about = "Keeps our people like the workspace's",
  task = "slack.sync_users", every = "6h", catch_up = "once",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
