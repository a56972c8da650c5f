return {
  about = "Keeps the members of the declared user groups",
  task = "slack.sync_usergroups", every = "1h", catch_up = "once",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
