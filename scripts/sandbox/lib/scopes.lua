-- scopes: what the app was allowed when it was installed, and what each method asks for. Everything, unless a test
-- says otherwise (reset with `scopes`).
local workspace = require "sandbox.lib.workspace"

local M = {}

local function both(public, private) return { public = public, private = private or public } end

local MANAGE = both("channels:manage", "groups:write")
local READ, HISTORY = both("channels:read", "groups:read"), both("channels:history", "groups:history")
local NEEDED = {
  ["bookmarks.add"] = both "bookmarks:write", ["bookmarks.edit"] = both "bookmarks:write",
  ["bookmarks.list"] = both "bookmarks:read",
  ["chat.postEphemeral"] = both "chat:write", ["chat.postMessage"] = both "chat:write",
  ["chat.update"] = both "chat:write",
  ["conversations.archive"] = MANAGE, ["conversations.create"] = MANAGE, ["conversations.invite"] = MANAGE,
  ["conversations.setTopic"] = MANAGE, ["conversations.unarchive"] = MANAGE,
  ["conversations.history"] = HISTORY, ["conversations.replies"] = HISTORY,
  ["conversations.info"] = READ, ["conversations.list"] = READ, ["conversations.members"] = READ,
  ["conversations.join"] = both "channels:join", ["pins.add"] = both "pins:write",
  ["usergroups.list"] = both "usergroups:read", ["users.info"] = both "users:read",
  ["users.list"] = both "users:read", ["users.lookupByEmail"] = both "users:read.email",
}

local function is_private(args)
  local channel = workspace.get().channels[args.channel or args.channel_id or ""]
  return args.is_private or (channel ~= nil and channel.is_private)
end

--- The scope that is missing for this call, or nil.
function M.missing(method, args)
  local granted, needed = workspace.get().scopes, NEEDED[method]
  if not granted or not needed then return nil end
  local scope = is_private(args) and needed.private or needed.public
  for _, one in ipairs(granted) do
    if one == scope then return nil end
  end
  return scope
end

--- What every answer says was granted: the value of its header, or nil when all of them are.
function M.granted()
  local granted = workspace.get().scopes
  return granted and table.concat(granted, ",")
end

return M
