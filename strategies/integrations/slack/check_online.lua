-- check_online: what Slack says of the settings (`halligan check --online`): is the token taken and
-- allowed enough, are the channels and user groups there. Each mistake stands at its place in the
-- config. Nothing is changed in Slack.
local config = require "engine.config"
local suggest = require "config.suggest"
local blocks = require "slack.blocks"
local client = require "slack.client"
local foreign = require "slack.foreign"
local manifest = require "slack.manifest"

local WAIT = { wait = "8m" }   -- for our own rate limit: there may be many conversations

local function finding(list, path, message, ...)
  list[#list + 1] = { path = "slack." .. path, message = blocks.line(message:format(...)) }
end

-- Refused for good, or not answered now.
local function problem(err)
  if err.retryable then return ("Slack could not be asked: %s"):format(err.message) end
  return ("Slack does not take it: %s"):format(err.message)
end

-- ---- the tokens

local function granted_in(headers)
  local granted = {}
  for scope in (headers["x-oauth-scopes"] or ""):gmatch "[^,%s]+" do granted[scope] = true end
  return granted
end

local function check_scopes(list, granted)
  if not next(granted) then return end   -- Slack did not say
  local missing = {}
  for _, scope in ipairs(manifest.scopes()) do
    if not granted[scope] then missing[#missing + 1] = scope end
  end
  if #missing == 0 then return end
  finding(list, "token", "the app lacks the scopes %s; add them (`halligan manifest` names all) and install it again",
    table.concat(missing, ", "))
end

local function check_app_token(list)
  if config.slack.app_token == "" then return end
  local answer, err = client.call("apps.connections.open", {}, { token = config.slack.app_token })
  if not answer then finding(list, "app_token", "%s", problem(err)) end
end

-- ---- conversations

-- Why the app cannot use it, or nil.
local function unusable(id, granted)
  local answer, err = client.call("conversations.info", { channel = id }, WAIT)
  if not answer then
    if err.slack ~= "channel_not_found" then return problem(err) end
    return ("%s is not there for the app: another workspace's, or a private one that it was not invited to"):format(id)
  end
  local channel = foreign.table(answer.channel)
  if channel.is_archived then return ("%s is archived: nothing can be said there"):format(id) end
  if not channel.is_member and next(granted) and not granted["chat:write.public"] then
    return ("the app is no member of %s and lacks the scope chat:write.public"):format(id)
  end
end

-- Places that name a conversation: { id=, path=, tag= }.
local function conversations_named()
  local places = {}
  for i, row in ipairs(config.slack.conversations) do
    if (row.id or "") ~= "" then
      places[#places + 1] = { id = row.id, path = ("conversations[%d].id"):format(i), tag = row.tag }
    end
  end
  for i, sos in ipairs(config.slack.sos) do
    places[#places + 1] = { id = sos.conversation, path = ("sos[%d].conversation"):format(i) }
  end
  return places
end

local function check_conversations(list, granted)
  local seen, places = {}, conversations_named()
  for _, place in ipairs(places) do
    if seen[place.id] == nil then seen[place.id] = unusable(place.id, granted) or false end
    if seen[place.id] then
      finding(list, place.path, "%s%s", seen[place.id],
        place.tag and (" (it has the tag %q)"):format(place.tag) or "")
    end
  end
  return #places
end

-- ---- user groups

-- What the workspace's groups can be called by; any: id, handle or name.
local function groups_known()
  local answer, err = client.call("usergroups.list", {}, WAIT)
  if not answer then return nil, err end
  local known = { id = {}, handle = {}, any = {} }
  for _, group in ipairs(foreign.table(answer.usergroups)) do
    local id, handle, name = foreign.text(group.id), foreign.text(group.handle), foreign.text(group.name)
    if id then known.id[id], known.any[id] = true, true end
    if handle then known.handle[handle], known.any[handle] = true, true end
    if name then known.any[name] = true end
  end
  return known
end

-- Places that name a user group: { value=, kind=, path= }.
local function groups_named()
  local places, slack = {}, config.slack
  local function add(value, kind, path, ...)
    if (value or "") ~= "" then
      places[#places + 1] = { value = (value:gsub("^@", "")), kind = kind, path = path:format(...) }
    end
  end
  for i, row in ipairs(slack.usergroups) do
    add(row.id, "id", "usergroups[%d].id", i)
    if (row.id or "") == "" then add(row.handle, "handle", "usergroups[%d].handle", i) end
  end
  for i, sos in ipairs(slack.sos) do add(sos.usergroup, "any", "sos[%d].usergroup", i) end
  add(slack.emergency.usergroup, "any", "emergency.usergroup")
  for action, entries in pairs(slack.permissions) do
    for i, entry in ipairs(entries) do
      add(entry:match "^usergroup:(.+)$", "any", "permissions.%s[%d]", action, i)
    end
  end
  table.sort(places, function(a, b) return a.path < b.path end)
  return places
end

local function check_groups(list)
  local places = groups_named()
  if #places == 0 then return 0 end
  local known, err = groups_known()
  if not known then
    finding(list, "usergroups", "%s", problem(err))
    return 0
  end
  for _, place in ipairs(places) do
    if not known[place.kind][place.value] then
      local meant = suggest(place.value, known[place.kind])
      finding(list, place.path, "the workspace has no user group %q%s", place.value,
        meant and (' (did you mean "%s"?)'):format(meant) or "")
    end
  end
  return #places
end

-- ---- all

local function check_online()
  local slack, list = config.slack, {}
  if slack.token == "" then return list, "Slack is off: slack.token is empty, so nobody was asked." end
  local identity, err, headers = client.call("auth.test", {})
  if not identity then
    finding(list, err.retryable and "api_url" or "token", "%s", problem(err))
    return list
  end
  local granted = granted_in(headers)
  check_scopes(list, granted)
  check_app_token(list)
  local conversations, groups = check_conversations(list, granted), check_groups(list)
  return list, ("Slack: %s as %s; asked for %d conversations and %d user groups."):format(
    blocks.line(foreign.text(identity.team) or "?"), blocks.line(foreign.text(identity.user) or "?"), conversations,
    groups)
end

return {
  about = "Asks Slack whether the settings are true",
  check_online = check_online,
}
