-- request: what the vendor sent, as one shape for the router. Input is hostile: every field is
-- looked at before it is used.
local json = require "engine.json"
local text = require "engine.text"
local url = require "engine.url"
local foreign = require "slack.foreign"

local M = {}

local MAX_FIELD = 255
local FORM = "application/x-www-form-urlencoded"

local function string_of(value, max)
  if type(value) ~= "string" then return "" end
  return text.cut(text.clean(value), max or MAX_FIELD, "")
end

local function id_of(value)
  if type(value) == "table" then value = value.id end
  return string_of(value)
end

local function is_form(request)
  local kind = request.headers["content-type"] or ""
  return kind:sub(1, #FORM):lower() == FORM
end

--- The vendor's certificate check: unsigned, and the only thing that is answered without a
--- signature.
function M.is_ssl_check(request)
  if not is_form(request) or not request.body:find("ssl_check=1", 1, true) then return false end
  local form = url.parse_form(request.body)
  return form ~= nil and form.ssl_check == "1"
end

local function read_command(form)
  return {
    kind = "command", command = string_of(form.command), text = string_of(form.text, 40000),
    user_id = string_of(form.user_id), user_name = string_of(form.user_name),
    channel_id = string_of(form.channel_id),
    trigger_id = string_of(form.trigger_id), response_url = string_of(form.response_url, 3000),
  }
end

-- The first of them that is a text with something in it; some may be nil.
local function text_of(...)
  for i = 1, select("#", ...) do
    local value = string_of((select(i, ...)), 2000)
    if value ~= "" then return value end
  end
  return ""
end

-- The first element that was acted on. <value> is a button's value or the chosen option's;
-- <selected> lists what several can be chosen of (options, people); <at> is a picked moment, Unix
-- seconds; <clicked_at> is when it was acted on.
local function read_action(payload)
  local first = foreign.table(foreign.table(payload.actions)[1])
  local selected = {}
  for _, option in ipairs(foreign.table(first.selected_options)) do
    selected[#selected + 1] = string_of(foreign.table(option).value, 2000)
  end
  for _, user in ipairs(foreign.table(first.selected_users)) do
    selected[#selected + 1] = string_of(user)
  end
  return {
    id = string_of(first.action_id), block_id = string_of(first.block_id),
    value = text_of(first.value, foreign.table(first.selected_option).value, first.selected_user),
    selected = selected, at = math.tointeger(first.selected_date_time),
    clicked_at = tonumber(string_of(first.action_ts)) or 0,
  }
end

-- What was typed so far in a list that is searched.
local function read_suggestion(payload)
  return {
    id = string_of(payload.action_id), block_id = string_of(payload.block_id),
    value = string_of(payload.value, 2000), selected = {},
  }
end

-- The message that a button stands in, or that a shortcut was used on.
local function read_message(payload)
  local message = foreign.table(payload.message)
  return {
    ts = string_of(message.ts), thread_ts = string_of(message.thread_ts),
    user_id = string_of(message.user), text = string_of(message.text, 40000),
  }
end

local function read_view(payload)
  local view = foreign.table(payload.view)
  return {
    id = string_of(view.id), hash = string_of(view.hash), callback_id = string_of(view.callback_id),
    root_id = string_of(view.root_view_id), previous_id = string_of(view.previous_view_id),
    metadata = string_of(view.private_metadata, 3000),
    values = foreign.table(foreign.table(view.state).values),
  }
end

local function read_interaction(payload)
  local user = foreign.table(payload.user)
  return {
    kind = string_of(payload.type), user_id = id_of(user),
    user_name = string_of(user.username) ~= "" and string_of(user.username) or string_of(user.name),
    channel_id = id_of(payload.channel), trigger_id = string_of(payload.trigger_id),
    response_url = string_of(payload.response_url, 3000),
    callback_id = string_of(payload.callback_id),
    action = payload.type == "block_suggestion" and read_suggestion(payload)
      or read_action(payload),
    view = read_view(payload), message = read_message(payload),
  }
end

local function read_event(payload)
  if payload.type == "url_verification" then
    return { kind = "url_verification", challenge = string_of(payload.challenge, 3000) }
  end
  if payload.type == "app_rate_limited" then return { kind = "app_rate_limited" } end
  if payload.type ~= "event_callback" then return nil, "an unknown type of JSON request" end
  return {
    kind = "event", event_id = string_of(payload.event_id), event = foreign.table(payload.event),
  }
end

--- Reads a request whose signature is good.
---@return table|nil given  its `kind` says what it is
---@return string|nil why  for the answer 400
function M.read(request)
  if not is_form(request) then
    local payload, err = json.decode(request.body)
    if type(payload) == "table" then return read_event(payload) end
    return nil, "the JSON cannot be read" .. (err and ": " .. tostring(err) or "")
  end
  local form, err = url.parse_form(request.body)
  if not form then return nil, "the form cannot be read: " .. tostring(err) end
  if form.payload then
    local payload = json.decode(form.payload)
    if type(payload) ~= "table" then return nil, "the field payload is not a JSON object" end
    return read_interaction(payload)
  end
  if form.command then return read_command(form) end
  return nil, "neither a command nor a payload"
end

local ENVELOPES = {
  slash_commands = read_command, interactive = read_interaction, events_api = read_event,
}

--- Reads an envelope of Socket Mode. Nothing is signed there: the connection is ours.
---@return table|nil given  as M.read
---@return string|nil why
function M.from_envelope(envelope)
  local read = ENVELOPES[envelope.type]
  if not read then return nil, "an unknown type of envelope" end
  local given, why = read(foreign.table(envelope.payload))
  if given then given.signature = envelope.envelope_id end
  return given, why
end

return M
