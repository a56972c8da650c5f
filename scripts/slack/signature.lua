-- signature: is this request the vendor's, fresh, and unchanged? Looks at the raw body only;
-- nothing is parsed before.
local crypto = require "engine.crypto"

local M = {}

local VERSION = "v0"
local WINDOW_S = 300

---@param headers table<string, string>  names in lower case
---@param body string  the raw bytes
---@param secret string
---@param now_ms integer
---@return boolean is_good, string|nil why  what to log; never tell it to the caller
function M.check(headers, body, secret, now_ms)
  local stamp, given = headers["x-slack-request-timestamp"], headers["x-slack-signature"]
  if not stamp or not given then return false, "signature or timestamp is missing" end
  if not stamp:find("^%d+$") or #stamp > 12 then return false, "the timestamp is no number" end
  local age = now_ms // 1000 - math.tointeger(tonumber(stamp))
  if age > WINDOW_S or age < -WINDOW_S then
    return false, ("the timestamp is %d s away"):format(age)
  end
  local expected = VERSION .. "="
    .. crypto.hmac_sha256_hex(secret, VERSION .. ":" .. stamp .. ":" .. body)
  if not crypto.equal(expected, given) then return false, "the signature does not match" end
  return true
end

return M
