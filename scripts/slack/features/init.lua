-- The features of the Slack app, in the order in which `help` lists their commands. A feature is a
-- file of this folder; slack.registry says what it may hold.
return {
  require "slack.features.open",
  require "slack.features.workspace_changes",
  require "slack.features.help",
}
