-- manifest: the app's description to paste into Slack's page for new apps. It asks for what the
-- scripts here use, and no more.
local config = require "engine.config"
local info = require "engine.info"
local text = require "engine.text"
local methods = require "slack.methods"
local registry = require "slack.registry"
local scopes = require "slack.scopes"
local settings = require "slack.settings"

local M = {}

local MAX_NAME = 35
local DESCRIPTION = "Opens incidents: a channel, the right people in it, and a page that remembers"
local MESSAGES = { "message.channels", "message.groups" }   -- where events of the type `message` come from

-- In Slack's menu of shortcuts, everywhere.
local SHORTCUTS = {
  { callback_id = "open_incident", name = "Declare an incident", description = "Opens the form for a new incident" },
  {
    callback_id = "update_incident_status", name = "Update an incident",
    description = "Status, priority, and what is new",
  },
  { callback_id = "incident_status", name = "Status of an incident", description = "Where it stands, at a glance" },
  { callback_id = "close_incident", name = "Close an incident", description = "Or see what is missing before" },
}
-- In the menu of a message.
local MESSAGE_SHORTCUTS = {
  {
    callback_id = "add_to_timeline", name = "Add to timeline",
    description = "Keeps the message in the incident's history",
  },
}

-- Events that only some configs need.
local WANTED = {}
function WANTED.reaction_added() return config.slack.update_reaction ~= "" end
WANTED.reaction_removed = WANTED.reaction_added
function WANTED.subteam_created() return #config.slack.usergroups > 0 end
WANTED.subteam_updated, WANTED.subteam_members_changed = WANTED.subteam_created, WANTED.subteam_created

--- The events to subscribe to: those that some feature hears, as far as the config needs them.
---@return string[]
function M.events()
  local names = {}
  for _, name in ipairs(registry.event_names()) do
    local is_wanted = not WANTED[name] or WANTED[name]()
    for _, one in ipairs(is_wanted and (name == "message" and MESSAGES or { name }) or {}) do
      names[#names + 1] = one
    end
  end
  return names
end

--- What the bot must be allowed.
---@return string[]
function M.scopes()
  return scopes.needed(methods, M.events())
end

local function shortcuts()
  local list = {}
  for kind, entries in pairs { global = SHORTCUTS, message = MESSAGE_SHORTCUTS } do
    for _, entry in ipairs(entries) do
      list[#list + 1] = {
        name = entry.name, type = kind, callback_id = entry.callback_id, description = entry.description,
      }
    end
  end
  table.sort(list, function(a, b) return a.callback_id < b.callback_id end)
  return list
end

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
      description = DESCRIPTION,
      background_color = "#7a1f1f",
    },
    features = {
      app_home = {
        home_tab_enabled = true, messages_tab_enabled = true,
        messages_tab_read_only_enabled = true,
      },
      bot_user = { display_name = name, always_online = true },
      shortcuts = shortcuts(),
      slash_commands = commands(address),
    },
    oauth_config = { scopes = { bot = M.scopes() } },
    settings = {
      event_subscriptions = { request_url = address, bot_events = M.events() },
      -- options: what lists that are searched while somebody types are filled from.
      interactivity = { is_enabled = true, request_url = address, message_menu_options_url = address },
      org_deploy_enabled = false, socket_mode_enabled = options.socket == true,
      token_rotation_enabled = false,
    },
  }
end

return M
