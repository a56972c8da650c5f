-- signature: signs what is sent, as Standard Webhooks lays down, so that receivers may use any of its libraries:
-- HMAC-SHA256 over "id.timestamp.body", in Base64 behind "v1,". A secret that begins with "whsec_" is Base64 itself.
local crypto = require "engine.crypto"

local M = {}

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local VALUES = {}
for i = 1, #DIGITS do VALUES[DIGITS:byte(i)] = i - 1 end

-- The bytes of a Base64 text, or nil when it is none.
local function from_base64(text)
  local digits = text:gsub("=+$", "")
  local bytes, bits, count = {}, 0, 0
  for i = 1, #digits do
    local value = VALUES[digits:byte(i)]
    if not value then return nil end
    bits, count = (bits << 6 | value) & 0xffffff, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 0xff)
    end
  end
  return #digits > 0 and table.concat(bytes) or nil
end

local function key_of(secret)
  local encoded = secret:match("^whsec_(.+)$")
  return encoded and from_base64(encoded) or secret
end

--- True, or nil and why the secret cannot be used.
function M.check_secret(secret)
  local encoded = secret:match("^whsec_(.*)$")
  if encoded and not from_base64(encoded) then return nil, 'must be Base64 behind "whsec_"' end
  if #key_of(secret) < 16 then return nil, "must have at least 16 bytes" end
  return true
end

--- The headers of one attempt. `message`: { id =, timestamp = seconds, body = }.
function M.headers(secret, message)
  local signed = message.id .. "." .. message.timestamp .. "." .. message.body
  local hex = crypto.hmac_sha256_hex(key_of(secret), signed)
  local raw = hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)
  return {
    ["webhook-id"] = message.id,
    ["webhook-timestamp"] = tostring(message.timestamp),
    ["webhook-signature"] = "v1," .. crypto.base64(raw),
  }
end

return M
