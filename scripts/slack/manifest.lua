-- manifest: the app's description to paste into Slack's page for new apps. It asks for what the
-- scripts here use, and no more.
local config = require "engine.config"
local info = require "engine.info"
local text = require "engine.text"
local registry = require "slack.registry"
local settings = require "slack.settings"

local M = {}

local MAX_NAME = 35
local SCOPES = {
  "bookmarks:read", "bookmarks:write", "channels:history", "channels:join", "channels:manage",
  "channels:read", "chat:write",
  "chat:write.public", "commands", "groups:history", "groups:read", "groups:write",
  "metadata.message:read", "pins:write", "reactions:read",
  "usergroups:read", "users:read", "users:read.email",
}

-- <address>: nil over Socket Mode.
local function commands(address)
  local list = {}
  for i, name in ipairs(settings.command_names()) do
    list[i] = {
      command = name, url = address, description = "Declare and follow incidents",
      should_escape = false,
      usage_hint = "open | open P2 what is broken | help",
    }
  end
  return list
end

---@param options? { public_url?: string, socket?: boolean }  public_url: where Slack reaches us, default:
---  base_url; socket: nowhere, we open the connections (Socket Mode)
---@return table manifest
function M.build(options)
  local slack = config.slack
  options = options or {}
  local base = options.public_url or config.base_url or info.base_url
  local address = not options.socket and base:gsub("/*$", "") .. slack.request_path or nil
  local name = text.cut(slack.app_name, MAX_NAME, "")
  return {
    display_information = {
      name = name,
      description = "Opens incidents: a channel, the right people in it, and a page that remembers",
      background_color = "#7a1f1f",
    },
    features = {
      app_home = {
        home_tab_enabled = true, messages_tab_enabled = true,
        messages_tab_read_only_enabled = true,
      },
      bot_user = { display_name = name, always_online = true },
      shortcuts = {
        {
          name = "Declare an incident", type = "global", callback_id = "open_incident",
          description = "Opens the form for a new incident",
        },
      },
      slash_commands = commands(address),
    },
    oauth_config = { scopes = { bot = SCOPES } },
    settings = {
      event_subscriptions = { request_url = address, bot_events = registry.event_names() },
      interactivity = { is_enabled = true, request_url = address },
      org_deploy_enabled = false, socket_mode_enabled = options.socket == true,
      token_rotation_enabled = false,
    },
  }
end

return M
