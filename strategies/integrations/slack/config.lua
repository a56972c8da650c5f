-- config: what the operator may say about Slack, what of it the kernel keeps, the app's manifest,
-- and the first hello.
local json = require "engine.json"
local config = require "engine.config"
local log = require "engine.log"
local shape = require "config.shape"
local command_words = require "slack.command_words"
local permit = require "slack.permit"
local registry = require "slack.registry"
local workspace = require "slack.workspace"
local manifest = require "slack.manifest"

local function url(options)
  return shape.string {
    optional = options.optional, default = options.default, pattern = "^https?://[^%s]+$",
    hint = "must start with http:// or https://",
  }
end

-- What Slack keeps for itself.
local BUILT_IN = {}
local BUILT_IN_NAMES =
  "archive call collapse dm expand feed invite leave msg remind remove rename search shrug status topic"
for name in BUILT_IN_NAMES:gmatch "%a+" do BUILT_IN["/" .. name] = true end

local function check_command(name)
  if name:sub(1, 1) ~= "/" or #name == 1 then return nil, 'must start with "/"' end
  if #name > 32 then return nil, "has more than 32 characters" end
  if name:find("%s") then return nil, "must not hold a space" end
  if name ~= name:lower() then return nil, "must be lower case" end
  if BUILT_IN[name] then return nil, "is a command of Slack's own" end
  return true
end

-- One alias, or several with commas between them, as one environment variable holds them.
local function check_aliases(text)
  for name in text:gmatch("[^,]+") do
    local ok, message = check_command((name:gsub("^%s+", ""):gsub("%s+$", "")))
    if not ok then return nil, message end
  end
  return true
end

-- Rows without an id are places that the environment did not fill: they are left out, and may
-- repeat a tag.
local function check_tags(rows)
  local seen = {}
  for i, row in ipairs(rows) do
    local is_filled = (row.id or "") ~= "" or (row.handle or "") ~= ""
    if is_filled and row.tag and seen[row.tag] then
      return nil, ("has the tag %q twice, at items %d and %d"):format(row.tag, seen[row.tag], i)
    end
    if is_filled and row.tag then seen[row.tag] = i end
  end
  return true
end

local function id(pattern, hint)
  return shape.string { optional = true, pattern = pattern, hint = hint }
end

local tag = shape.string {
  optional = true, pattern = "^[%w_%-%.]+$", max = 80, hint = "must be letters, digits, _, - and .",
}
local categories = shape.list { of = shape.string { min = 1 }, default = {} }

local conversations = shape.list {
  default = {}, check = check_tags,
  of = shape.table { fields = {
    id = id("^[CG]?[%u%d]*$", "must be a conversation's id, such as C0123ABCD"),
    name = shape.string { optional = true, max = 80 },
    tag = tag, categories = categories,
  } },
}
local usergroups = shape.list {
  default = {}, check = check_tags,
  of = shape.table { fields = {
    id = id("^S?[%u%d]*$", "must be a user group's id, such as S0123ABCD"),
    handle = shape.string { optional = true, max = 80 },
    name = shape.string { optional = true, max = 80 }, tag = tag, categories = categories,
  } },
}
-- Who can be called for help, and where.
local sos = shape.list {
  default = {}, unique = { "name" }, max = 100,
  of = shape.table { fields = {
    name = shape.string { min = 1, max = 75 },
    conversation = shape.string {
      pattern = "^[CG][%u%d]+$", hint = "must be the id of a declared conversation, such as C0123ABCD",
    },
    usergroup = shape.string { optional = true, min = 1, max = 80 },
  } },
}
local choices = shape.list {
  default = {}, unique = { "value" },
  of = shape.table { fields = {
    value = shape.string { min = 1, max = 75 }, name = shape.string { optional = true, max = 75 },
  } },
}

-- Who may do what: slack.permit. An action that is not named is open to everybody.
local function check_permission(entry)
  if permit.is_entry(entry) then return true end
  return nil, 'must be "everyone", "members", "role:...", "usergroup:..." or an e-mail address'
end
local function check_declarer(entry)
  if not permit.needs_incident(entry) then return check_permission(entry) end
  return nil, "would let nobody declare: there is no incident yet"
end
local permissions = { default = {}, fields = {} }
for _, action in ipairs(permit.ACTIONS) do
  local check = action == "declare" and check_declarer or check_permission
  permissions.fields[action] = shape.list { of = shape.string { check = check }, default = {} }
end

-- The subcommands: what they are called and what `help` says of them (slack.command_words).
local function check_word(text)
  local count = select(2, text:gsub("%S+", ""))
  if text ~= text:lower() then return nil, "must be lower case" end
  if text ~= text:match "^%s*(.-)%s*$" or text:find "%s%s" or text:find "[\t\r\n`]" then
    return nil, "must be words with one space between them"
  end
  if count > command_words.MOST_WORDS then return nil, "has more than three words" end
  return true
end
local function check_commands(overrides)
  local built, message, path = command_words.build(registry.commands, overrides)
  return built ~= nil, message, path
end
local function word(options)
  return shape.string { optional = options.optional, min = 1, max = 32, check = check_word }
end
local line = shape.string { min = 1, max = 150 }
local commands = shape.map {
  default = {}, check = check_commands, of = shape.table { fields = {
    name = word { optional = true }, aliases = shape.list { of = word {}, default = {}, max = 10 },
    about = shape.choice { optional = true, of = { line, shape.list { of = line } } },
  } },
}

local schema = shape.table { default = {}, fields = {
  token = shape.secret { default = "", about = "bot token; empty: no Slack" },
  signing_secret = shape.secret { default = "" },
  app_token = shape.secret { default = "", about = "app-level token; empty: no Socket Mode" },
  socket = shape.table { default = {}, fields = {
    connections = shape.integer { default = 2, min = 1, max = 10 },
  } },
  api_url = url { default = "https://slack.com/api/" },
  command = shape.string { default = "/incident", check = check_command },
  aliases = shape.list { of = shape.string { check = check_aliases }, default = {} },
  commands = commands,
  request_path = shape.string {
    default = "/api/v2/firefighter/slack/incident/", pattern = "^/%S+$",
    hint = 'must start with "/"',
  },
  app_name = shape.string { default = "Halligan", min = 1, max = 35 },
  app_emoji = shape.string {
    default = ":fire_extinguisher:", pattern = "^:[%w_%+%-]+:$", hint = "must look like :fire:",
  },
  update_reaction = shape.string {
    default = "mega", pattern = "^[%w_%+%-]*$", hint = 'must be an emoji\'s name without colons, such as "mega"',
    about = "empty: no reaction does it",
  },
  help = shape.table { default = {}, fields = {
    incident = url { optional = true }, severity = url { optional = true }, postmortem = url { optional = true },
  } },
  emergency = shape.table { default = {}, fields = {
    guide = url { optional = true }, usergroup = shape.string { optional = true, min = 1, max = 80 },
  } },
  role_note_every = shape.choice {
    default = "90d", hint = "must be a duration such as days(90), or false",
    of = { shape.duration { min = 0 }, shape.enum { values = { false } } },
    about = "how seldom the same person is told of the same role; 0: each time, false: never",
  },
  postmortem_reminder = shape.duration { default = "5d", about = "how long after mitigation; 0: never" },
  office_hours = shape.table { default = {}, fields = {
    from = shape.integer { default = 9, min = 0, max = 24 },
    to = shape.integer { default = 17, min = 0, max = 24, about = "the last hour, whole" },
    days = shape.list {
      of = shape.integer { min = 1, max = 7 }, default = { 1, 2, 3, 4, 5 }, about = "1 is Monday",
    },
  } },
  permissions = shape.table(permissions),
  platforms = choices,
  teams = choices,
  sos = sos,
  conversations = conversations,
  usergroups = usergroups,
  page_size = shape.integer { default = 200, min = 1, max = 999 },
  rate_limits = shape.map { default = {}, of = shape.integer { min = 1, max = 1000000 } },
} }

function schema.check(slack)
  if slack.token ~= "" and slack.signing_secret == "" and slack.app_token == "" then
    return nil, "is needed with a token: without it nobody could tell Slack's requests from others"
      .. " (or an app_token, for Socket Mode)", "signing_secret"
  end
  if slack.app_token ~= "" and not slack.app_token:find "^xapp%-" then
    return nil, "is no app-level token: they begin with xapp-", "app_token"
  end
  return true
end

local function filled(rows)
  local kept = json.array {}
  for _, row in ipairs(rows) do
    local has_id, has_handle = (row.id or "") ~= "", (row.handle or "") ~= ""
    if has_id or has_handle then
      kept[#kept + 1] = {
        platform = "slack", external_id = has_id and row.id or nil, name = row.name, tag = row.tag,
        categories = row.categories,
        handle = has_handle and row.handle:gsub("^@", "") or nil,
      }
    end
  end
  return kept
end

local function reference(settings)
  return {
    conversations = filled(settings.slack.conversations),
    usergroups = filled(settings.slack.usergroups),
  }
end

local function say_hello()
  if config.slack.token == "" then
    log.warn("Slack is off: no token is configured (SLACK_BOT_TOKEN). Pages, API and command line work without it.")
    return
  end
  local identity, err = workspace.refresh()
  if identity then
    log.info(("Slack: connected to %s as %s"):format(identity.team, identity.user_id))
  else
    log.warn("Slack: not connected yet (" .. tostring(err)
      .. "); requests are taken, effects follow when it answers")
  end
end

return {
  about = "Slack: settings, manifest, connection",
  order = 1,
  config = { slack = schema },
  reference = reference,
  manifest = manifest.build,
  on_ready = say_hello,
}
