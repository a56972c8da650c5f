return {
  about = "Asks for post-mortems that are overdue, in the morning and in the afternoon",
  task = "slack.send_postmortem_reminders", cron = "0 10,15 * * *", catch_up = "once",
  enabled = function(settings) return settings.slack.token ~= "" end,
}
