-- arguments: what each method takes. "string!" is required; "json" is an object or list, sent as JSON or as text in a
-- form. Wrong types and missing arguments are refused as the vendor does; unknown names are noted in the log, as the
-- vendor ignores them.
local json = require "engine.json"
local url = require "engine.url"

local M = {}

local PAGE = { cursor = "string", limit = "integer" }

local function with_page(spec)
  for name, kind in pairs(PAGE) do spec[name] = kind end
  return spec
end

local MESSAGE = {
  channel = "string!", text = "string", blocks = "json", metadata = "json", unfurl_links = "boolean",
  unfurl_media = "boolean", thread_ts = "string", mrkdwn = "boolean", attachments = "json",
  reply_broadcast = "boolean",
}

local function message(more)
  local spec = {}
  for name, kind in pairs(MESSAGE) do spec[name] = kind end
  for name, kind in pairs(more) do spec[name] = kind end
  return spec
end

M.METHODS = {
  ["auth.test"] = {},
  ["users.list"] = with_page { include_locale = "boolean", team_id = "string" },
  ["users.info"] = { user = "string!", include_locale = "boolean" },
  ["users.lookupByEmail"] = { email = "string!" },
  ["usergroups.list"] = { include_users = "boolean", include_disabled = "boolean",
    include_count = "boolean", team_id = "string" },
  ["conversations.create"] = { name = "string!", is_private = "boolean", team_id = "string" },
  ["conversations.join"] = { channel = "string!" },
  ["conversations.setTopic"] = { channel = "string!", topic = "string!" },
  ["conversations.invite"] = { channel = "string!", users = "string!", force = "boolean" },
  ["conversations.members"] = with_page { channel = "string!" },
  ["conversations.info"] = { channel = "string!", include_num_members = "boolean",
    include_locale = "boolean" },
  ["conversations.list"] = with_page { types = "string", exclude_archived = "boolean", team_id = "string" },
  ["conversations.history"] = with_page { channel = "string!", oldest = "string", latest = "string",
    inclusive = "boolean", include_all_metadata = "boolean" },
  ["conversations.replies"] = with_page { channel = "string!", ts = "string!", oldest = "string",
    latest = "string", inclusive = "boolean", include_all_metadata = "boolean" },
  ["conversations.archive"] = { channel = "string!" },
  ["conversations.unarchive"] = { channel = "string!" },
  ["conversations.rename"] = { channel = "string!", name = "string!" },
  ["conversations.open"] = { users = "string", channel = "string", return_im = "boolean" },
  ["chat.postMessage"] = message {},
  ["chat.postEphemeral"] = message { user = "string!" },
  ["chat.update"] = message { ts = "string!" },
  ["chat.delete"] = { channel = "string!", ts = "string!" },
  ["pins.add"] = { channel = "string!", timestamp = "string!" },
  ["pins.remove"] = { channel = "string!", timestamp = "string!" },
  ["pins.list"] = { channel = "string!" },
  ["bookmarks.add"] = { channel_id = "string!", title = "string!", type = "string!", link = "string",
    emoji = "string" },
  ["bookmarks.edit"] = {
    channel_id = "string!", bookmark_id = "string!", title = "string", link = "string", emoji = "string",
  },
  ["bookmarks.list"] = { channel_id = "string!" },
  ["views.open"] = { trigger_id = "string!", view = "json!" },
  ["views.push"] = { trigger_id = "string!", view = "json!" },
  ["views.update"] = { view = "json!", view_id = "string", external_id = "string", hash = "string" },
  ["views.publish"] = { user_id = "string!", view = "json!", hash = "string" },
}

local function to_boolean(value)
  if value == true or value == "true" or value == "1" then return true end
  if value == false or value == "false" or value == "0" then return false end
end

local CONVERT = {
  string = function(value) return type(value) == "string" and value or nil end,
  integer = function(value) return math.tointeger(tonumber(value)) end,
  boolean = to_boolean,
  json = function(value)
    if type(value) == "string" then value = json.decode(value) end
    return type(value) == "table" and value or nil
  end,
}

local function read_body(request)
  local kind = request.headers["content-type"] or ""
  if kind:find("application/json", 1, true) then
    local value = json.decode(request.body)
    if type(value) ~= "table" then return nil, "invalid_json" end
    return value
  end
  return url.parse_form(request.body)
end

--- The checked arguments of a call; nil, error, detail when the vendor would refuse them. <unknown> lists
--- ignored names.
function M.read(method, request)
  local given, broken = read_body(request)
  if not given then return nil, broken, "the body is no JSON object" end
  local spec, args, unknown = M.METHODS[method], {}, {}
  for name, kind in pairs(spec) do
    local is_required = kind:sub(-1) == "!"
    local value = given[name]
    if value ~= nil and value ~= json.null then
      args[name] = CONVERT[is_required and kind:sub(1, -2) or kind](value)
      if args[name] == nil then
        return nil, "invalid_arguments", "[ERROR] " .. name .. ": must be " .. kind:gsub("!", "")
      end
    end
    if is_required and (args[name] == nil or args[name] == "") then
      return nil, "invalid_arguments", "[ERROR] missing required field: " .. name
    end
  end
  for name in pairs(given) do
    if not spec[name] and name ~= "token" then unknown[#unknown + 1] = name end
  end
  return args, unknown
end

return M
