-- The features of the Slack app, in the order in which `help` lists their commands. A feature is a
-- file of this folder; slack.registry says what it may hold.
return {
  require "slack.features.open",
  require "slack.features.update_menu",
  require "slack.features.update_status",
  require "slack.features.close",
  require "slack.features.closure_reason",
  require "slack.features.edit",
  require "slack.features.roles",
  require "slack.features.sos",
  require "slack.features.status",
  require "slack.features.list",
  require "slack.features.why",
  require "slack.features.key_events",
  require "slack.features.downgrade",
  require "slack.features.snooze",
  require "slack.features.selector",
  require "slack.features.home",
  require "slack.features.membership",
  require "slack.features.reaction",
  require "slack.features.workspace_changes",
  require "slack.features.help",
}
