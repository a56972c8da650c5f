-- client: calls of the vendor's Web API. Owns the encoding, each method's rate limit, and what an
-- answer means to the caller: done, refused for good, worth another try, or "nobody knows whether
-- it happened". Never logs a token or an argument. Read M.call first.
local config = require "engine.config"
local http = require "engine.http"
local json = require "engine.json"
local limits = require "engine.limits"
local url = require "engine.url"
local foreign = require "slack.foreign"
local methods = require "slack.methods"
local outage = require "slack.outage"
local remedies = require "slack.remedies"

local M = {}

local TIMEOUT = "10s"
local MAX_BYTES = 32 * 1024 * 1024     -- the members of all user groups come in one answer
local MAX_PAGES = 10000
local DEFAULT_RETRY_MS = 30 * 1000
local MAX_RETRY_MS = 60 * 60 * 1000

-- Refusals that time mends. The value: whether the operation may have happened all the same.
local TRANSIENT = {
  ratelimited = false, rate_limited = false, too_many_requests = false,
  service_unavailable = true, request_timeout = true, internal_error = true, fatal_error = true,
  fetch_members_failed = false, update_failed = true, message_limit_exceeded = false,
  -- While a workspace or a channel moves to an organisation.
  team_added_to_org = false, org_login_required = false, external_channel_migrating = false,
}
local CODES = {
  invalid_auth = "unauthorized", not_authed = "unauthorized", account_inactive = "unauthorized",
  token_revoked = "unauthorized",
  token_expired = "unauthorized", missing_scope = "forbidden", restricted_action = "forbidden",
  no_permission = "forbidden",
  channel_not_found = "not_found", user_not_found = "not_found", message_not_found = "not_found",
  not_found = "not_found",
  name_taken = "conflict", is_archived = "conflict", already_in_channel = "conflict",
  already_pinned = "conflict",
  hash_conflict = "conflict", ratelimited = "rate_limited", rate_limited = "rate_limited",
  too_many_requests = "rate_limited",
}

local ERROR = { __tostring = function(err) return err.message end }

--- An error as handlers return it: code, message, retryable, retry_after_ms, unknown, and `slack`:
--- the vendor's own word. Without `retryable` it is for good.
function M.error(fields)
  fields.retryable = fields.retryable == true
  return setmetatable(fields, ERROR)
end

-- Everything travels as a form: each method takes one, and structured arguments are JSON text in
-- it.
local function encode_form(args)
  local form = {}
  for name, value in pairs(args) do
    form[name] = type(value) == "table" and json.encode(value) or tostring(value)
  end
  return url.encode(form)
end

local function bucket_name(method, rule, args)
  local name = "slack." .. method
  return rule.per and name .. ":" .. tostring(args[rule.per]) or name
end

local function take_token(name, method, rule, wait)
  local per_minute = config.slack.rate_limits[method] or rule.per_minute
  local taken, err = limits.take(name, {
    per_minute = per_minute, burst = math.max(1, per_minute // 2), wait = wait,
  })
  if taken then return true end
  return nil, M.error {
    code = "rate_limited", retryable = true, retry_after_ms = err.retry_after_ms,
    message = method .. ": our own limit for this method is used up",
  }
end

local function retry_after_ms(headers)
  local seconds = tonumber(headers["retry-after"] or "")
  if not seconds or seconds ~= seconds or seconds < 0 then return DEFAULT_RETRY_MS end
  return math.min(MAX_RETRY_MS, math.max(1000, math.ceil(seconds * 1000)))
end

local function rate_limited(name, method, headers)
  local wait_ms = retry_after_ms(headers)
  limits.block(name, wait_ms)
  return M.error {
    code = "rate_limited", retryable = true, retry_after_ms = wait_ms, status = 429,
    slack = "ratelimited",
    message = ("%s: Slack asks us to wait %d s"):format(method, wait_ms // 1000),
  }
end

local function lost(method, cause)
  outage.failed()
  return M.error {
    code = cause.code, retryable = true, unknown = cause.outcome ~= "not_sent",
    message = method .. ": " .. tostring(cause),
  }
end

local function strange(method, status)
  return M.error {
    code = "unavailable", retryable = true, unknown = status < 400 or status >= 500,
    status = status,
    message = ("%s: Slack answered with HTTP %d and no answer we can read"):format(method, status),
  }
end

-- "missing_scope" is useful only together with the scope that is missing, and with what mends it.
local function refusal_text(method, answer)
  local text = method .. ": Slack says " .. answer.error
  if foreign.text(answer.needed) then text = text .. " (needed: " .. answer.needed .. ")" end
  local detail = foreign.text(foreign.table(foreign.table(answer.response_metadata).messages)[1])
  if detail then text = text .. ": " .. detail:sub(1, 200) end
  local remedy = remedies[answer.error]
  return remedy and text .. ": " .. remedy or text
end

local function refused(name, method, reply, answer)
  local word = foreign.text(answer.error) or "unknown_error"
  answer.error = word
  if CODES[word] == "rate_limited" then return rate_limited(name, method, reply.headers) end
  local transient = TRANSIENT[word]
  return M.error {
    code = transient ~= nil and "unavailable" or CODES[word] or "invalid",
    retryable = transient ~= nil,
    unknown = transient == true, status = reply.status, slack = word,
    message = refusal_text(method, answer),
    errors = type(answer.errors) == "table" and answer.errors or nil,
  }
end

local function read_answer(name, method, reply, recall)
  local recalled = recall and reply.status == 200 and recall(reply.body)
  if recalled then return recalled end
  if reply.status == 429 then return nil, rate_limited(name, method, reply.headers) end
  local answer = json.decode(reply.body)
  if type(answer) ~= "table" or type(answer.ok) ~= "boolean" or reply.status >= 500 then
    outage.failed()
    return nil, strange(method, reply.status)
  end
  outage.reached()
  if answer.ok then return answer, nil, reply.headers end
  return nil, refused(name, method, reply, answer)
end

--- Calls one method. May yield.
---@param method string  one of slack.methods
---@param args table<string, string|number|boolean|table>
---@param options? { timeout?: string, wait?: string, token?: string, recall?: fun(body: string): table|nil }
---  wait: how long to queue for our own rate limit; token: instead of the bot's; recall: knows the
---  answer from its text and spares its reading
---@return table|nil answer, table|nil err
---@return table<string, string>|nil headers  of a good answer, names in lower case
function M.call(method, args, options)
  local rule = methods[method] or error("slack.methods has no " .. tostring(method), 2)
  local slack = config.slack
  options = options or {}
  local name = bucket_name(method, rule, args)
  local taken, limited = take_token(name, method, rule, options.wait or "10s")
  if not taken then return nil, limited end
  local reply, cause = http.request {
    method = "POST", url = slack.api_url:gsub("/*$", "/", 1) .. method, body = encode_form(args),
    timeout = options.timeout or TIMEOUT, max_bytes = MAX_BYTES,
    headers = {
      ["Authorization"] = "Bearer " .. (options.token or slack.token),
      ["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8",
    },
  }
  if not reply then return nil, lost(method, cause) end
  return read_answer(name, method, reply, options.recall)
end

local function next_cursor(answer)
  return foreign.text(foreign.table(answer.response_metadata).next_cursor)
end

--- Walks all pages: `for page, err in client.pages(method, args) do if not page then return nil,
--- err end ... end`. A page is the answer, with `next_cursor` (nil at the end). An error ends the
--- walk. May yield.
---@param method string
---@param args table  may hold the cursor to go on from
---@param options? table  as for call
function M.pages(method, args, options)
  local given = {}
  for name, value in pairs(args) do given[name] = value end
  local has_ended, count = false, 0
  return function()
    if has_ended then return nil end
    local answer, err = M.call(method, given, options)
    if not answer then
      has_ended = true
      return false, err
    end
    count = count + 1
    local cursor = next_cursor(answer)
    answer.next_cursor = cursor
    has_ended = cursor == nil or cursor == given.cursor or count >= MAX_PAGES
    given.cursor = cursor
    return answer
  end
end

return M
