-- snooze: an incident's reminders keep still for a while.
return {
  ACTION = "snooze_incident_reminders", SCOPE = "slack.snooze", FOR = "4h", WORDS = "4 hours",
}
