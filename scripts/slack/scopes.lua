-- scopes: what the app's bot must be allowed for each method it calls and each event it hears of, as
-- Slack documents them. The manifest asks for these, and no others; `halligan check --online`
-- compares them with what was granted.
local M = {}

local READ_CHANNELS = { "channels:read", "groups:read" }
local READ_MESSAGES = { "channels:history", "groups:history" }
local MANAGE_CHANNELS = { "channels:manage", "groups:write" }
local NONE = {}

--- Of all in slack.methods.
M.METHODS = {
  ["apps.connections.open"] = NONE,                    -- the app-level token has a scope of its own
  ["auth.test"] = NONE,
  ["bookmarks.add"] = { "bookmarks:write" },
  ["bookmarks.edit"] = { "bookmarks:write" },
  ["bookmarks.list"] = { "bookmarks:read" },
  ["chat.delete"] = { "chat:write" },
  ["chat.postEphemeral"] = { "chat:write" },
  ["chat.postMessage"] = { "chat:write", "chat:write.public" },   -- public: where it is no member
  ["chat.update"] = { "chat:write" },
  ["conversations.archive"] = MANAGE_CHANNELS,
  ["conversations.create"] = MANAGE_CHANNELS,
  -- metadata: by it the app knows its own messages again.
  ["conversations.history"] = { "channels:history", "groups:history", "metadata.message:read" },
  ["conversations.info"] = READ_CHANNELS,
  ["conversations.invite"] = MANAGE_CHANNELS,
  ["conversations.join"] = { "channels:join" },
  ["conversations.list"] = READ_CHANNELS,
  ["conversations.members"] = READ_CHANNELS,
  ["conversations.rename"] = MANAGE_CHANNELS,
  ["conversations.replies"] = READ_MESSAGES,
  ["conversations.setTopic"] = MANAGE_CHANNELS,
  ["conversations.unarchive"] = MANAGE_CHANNELS,
  ["pins.add"] = { "pins:write" },
  ["usergroups.list"] = { "usergroups:read" },
  ["users.info"] = { "users:read", "users:read.email" },
  ["users.list"] = { "users:read", "users:read.email" },
  ["users.lookupByEmail"] = { "users:read.email" },
  ["views.open"] = NONE,
  ["views.publish"] = NONE,
  ["views.push"] = NONE,
  ["views.update"] = NONE,
}

local PUBLIC, PRIVATE, PEOPLE = { "channels:read" }, { "groups:read" }, { "users:read" }

--- Of the events that can be subscribed to.
M.EVENTS = {
  app_home_opened = NONE,
  channel_archive = PUBLIC, channel_deleted = PUBLIC, channel_id_changed = PUBLIC,
  channel_rename = PUBLIC, channel_shared = READ_CHANNELS, channel_unarchive = PUBLIC,
  channel_unshared = READ_CHANNELS,
  group_archive = PRIVATE, group_deleted = PRIVATE, group_rename = PRIVATE, group_unarchive = PRIVATE,
  member_joined_channel = READ_CHANNELS, member_left_channel = READ_CHANNELS,
  ["message.channels"] = { "channels:history" }, ["message.groups"] = { "groups:history" },
  reaction_added = { "reactions:read" }, reaction_removed = { "reactions:read" },
  subteam_created = { "usergroups:read" }, subteam_updated = { "usergroups:read" },
  subteam_members_changed = { "usergroups:read" },
  team_join = PEOPLE, user_change = PEOPLE,
}

--- What all of them need together, and a slash command.
---@param methods table<string, any>  by name
---@param events string[]
---@return string[]  sorted
function M.needed(methods, events)
  local seen, list = {}, {}
  local function add(scopes)
    for _, scope in ipairs(scopes) do
      if not seen[scope] then
        seen[scope] = true
        list[#list + 1] = scope
      end
    end
  end
  add { "commands" }
  for name in pairs(methods) do add(M.METHODS[name] or error("no scopes are known of the method " .. name, 0)) end
  for _, name in ipairs(events) do add(M.EVENTS[name] or error("no scopes are known of the event " .. name, 0)) end
  table.sort(list)
  return list
end

return M
