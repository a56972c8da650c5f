-- reply: the answers to the vendor's requests, and messages to the one person who sent them.
local http = require "engine.http"
local json = require "engine.json"
local log = require "engine.log"
local client = require "slack.client"

local M = {}

local JSON = "application/json; charset=utf-8"

---@return table response  with a JSON body
function M.json(status, value)
  return { status = status, content_type = JSON, body = json.encode(value) }
end

--- The empty acknowledgement; <after> runs when it is on its way.
---@param after? fun()
function M.ack(after)
  return { status = 200, body = "", after = after }
end

--- Shown to the person who typed the command, and to nobody else.
---@param message { text: string, blocks?: table[] }
---@param after? fun()
function M.ephemeral(message, after)
  local response = M.json(200, {
    response_type = "ephemeral", text = message.text, blocks = message.blocks,
  })
  response.after = after
  return response
end

--- Errors of a submitted form, each at its input block.
---@param errors table<string, string>
function M.errors(errors)
  return M.json(200, { response_action = "errors", errors = errors })
end

--- The submitted view is replaced by another.
function M.update_view(view)
  return M.json(200, { response_action = "update", view = view })
end

--- Another view on top of the submitted one, which stays open.
function M.push_view(view)
  return M.json(200, { response_action = "push", view = view })
end

--- All views of the stack are closed.
---@param after? fun()
function M.clear(after)
  local response = M.json(200, { response_action = "clear" })
  response.after = after
  return response
end

local function to_response_url(address, message)
  local reply, err = http.request {
    method = "POST", url = address, timeout = "10s", headers = { ["Content-Type"] = JSON },
    body = json.encode {
      response_type = "ephemeral", replace_original = false, text = message.text,
      blocks = message.blocks,
    },
  }
  if reply and reply.status < 300 then return true end
  return nil, err or client.error {
    code = "unavailable", message = "the response URL answered " .. reply.status,
  }
end

--- Tells the person of <given> something after the acknowledgement: at the response URL, else as a
--- direct message. May yield.
---@param given table  from slack.request
---@param message { text: string, blocks?: table[] }
function M.tell(given, message)
  if given.response_url ~= "" and to_response_url(given.response_url, message) then return end
  if given.user_id == "" then return end
  local _, err = client.call("chat.postMessage", {
    channel = given.user_id, text = message.text, blocks = message.blocks,
  })
  if err then
    log.warn("the sender could not be told: " .. tostring(err), { user = given.user_id })
  end
end

return M
