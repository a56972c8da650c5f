-- deliver: sends one delivery, and writes down what became of it. Any answer of 200 to 299 is success; 410 says that
-- nobody will ever listen there; all else is tried again with back-off, for about an hour. A receiver may see a message
-- twice (an answer can be lost on its way): `webhook-id` is the same then.
local config = require "engine.config"
local http = require "engine.http"
local kernel = require "engine.kernel"
local text = require "engine.text"
local time = require "engine.time"
local signature = require "webhooks.signature"

local ANSWER_KEPT = 500
local GONE = 410

local function find_hook(name)
  for _, hook in ipairs(config.webhooks) do
    if hook.name == name then return hook end
  end
end

local function send(hook, delivery)
  local headers = signature.headers(hook.secret, {
    id = delivery.message_id, timestamp = time.now_ms() // 1000, body = delivery.body,
  })
  headers["Content-Type"] = "application/json"
  headers["User-Agent"] = "Halligan-Webhook"
  return http.request {
    method = "POST", url = hook.url, body = delivery.body, headers = headers, timeout = hook.timeout .. "ms",
    max_bytes = 1 << 20,
  }
end

-- "Retry-After: 120"; dates are not read.
local function wait_asked_for(response)
  local seconds = math.tointeger(tonumber(response.headers["retry-after"] or ""))
  return seconds and seconds > 0 and math.min(seconds, 3600) * 1000 or nil
end

-- What the attempt comes to: the record, and the error to go on with.
local function judge(response, failure, is_last)
  if response and response.status >= 200 and response.status < 300 then
    return { state = "delivered", status = response.status, answer = text.cut(text.clean(response.body), ANSWER_KEPT) }
  end
  local record = { state = "waiting" }
  local err = { code = "unavailable", retryable = true }
  if response then
    record.status, record.answer = response.status, text.cut(text.clean(response.body), ANSWER_KEPT)
    err.message = "the receiver answered " .. response.status
    err.retryable, err.retry_after_ms = response.status ~= GONE, wait_asked_for(response)
  else
    record.error = text.cut(tostring(failure), ANSWER_KEPT)
    err.message = record.error
  end
  if is_last or not err.retryable then record.state = "failed" end
  return record, err
end

local function deliver(ctx, args)
  local id = args.delivery_id
  local delivery, err = kernel.call("webhook.to_send", { id = id })
  if not delivery then return nil, err end
  local hook = find_hook(delivery.webhook)
  if not hook or not delivery.may_send then
    local why = hook and "the webhook may not hear of this incident any more"
      or "the webhook is not in the config any more"
    local _, problem = kernel.call("webhook.attempted", { id = id, state = "failed", duration_ms = 0, error = why })
    return nil, problem or { code = "forbidden", message = why, retryable = false }
  end
  local started = time.mono_ms()
  local response, failure = send(hook, delivery)
  local record, refusal = judge(response, failure, ctx.attempt >= delivery.attempts_most)
  record.id, record.duration_ms = id, time.mono_ms() - started
  local _, problem = kernel.call("webhook.attempted", record)
  return nil, problem or refusal
end

return {
  about = "Sends deliveries to webhooks",
  tasks = { ["webhooks.deliver"] = { about = "Sends one delivery of a webhook", run = deliver } },
}
