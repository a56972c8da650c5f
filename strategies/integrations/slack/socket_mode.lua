-- socket_mode: receives what Slack sends over connections that we open ourselves. With an app-level
-- token; beside the signed address, or without it.
local socket = require "slack.socket"

return {
  about = "Receives what Slack sends over Socket Mode",
  enabled = function(settings)
    return settings.slack.token ~= "" and settings.slack.app_token ~= ""
  end,
  services = { ["slack.socket"] = socket.run },
}
