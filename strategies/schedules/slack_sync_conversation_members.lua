return {
  about = "Keeps the members of the declared conversations",
  task = "slack.sync_conversation_members", every = "1h", catch_up = "once",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
