-- receive: the one address that Slack sends to: commands, clicks, forms, events. Checks who speaks,
-- reads, and hands over.
local config = require "engine.config"
local log = require "engine.log"
local time = require "engine.time"
local reply = require "slack.reply"
local request_of = require "slack.request"
local router = require "slack.router"
local signature = require "slack.signature"

local function receive(request)
  if request_of.is_ssl_check(request) then return reply.ack() end
  local headers = request.headers
  local is_good, why = signature.check(headers, request.body, config.slack.signing_secret,
    time.now_ms())
  if not is_good then
    log.info("a request was refused: " .. why, { peer = request.peer })
    return reply.json(401, { error = "invalid request" })
  end
  local given, problem = request_of.read(request)
  if not given then return reply.json(400, { error = problem }) end
  given.signature = headers["x-slack-signature"]
  return router.dispatch(given)
end

return {
  about = "Receives what Slack sends",
  enabled = function(settings)
    return settings.slack.token ~= "" and settings.slack.signing_secret ~= ""
  end,
  routes = {
    {
      method = "POST", path = function(settings) return settings.slack.request_path end,
      access = "signed", handler = receive,
      about = "Slack's commands, interactions and events",
    },
  },
}
