-- slack_signature: only Slack's own, fresh, unchanged requests pass.
local crypto = require "engine.crypto"
local signature = require "slack.signature"

local SECRET = "a secret of tests"
local NOW_MS = 1700000000000

local function signed(body, stamp, secret)
  local digest = crypto.hmac_sha256_hex(secret or SECRET, "v0:" .. stamp .. ":" .. body)
  return { ["x-slack-request-timestamp"] = stamp, ["x-slack-signature"] = "v0=" .. digest }
end

local function is_good(headers, body)
  return (signature.check(headers, body, SECRET, NOW_MS))
end

return {
  ["the right signature passes, also at the edges of the window"] = function(t)
    for _, stamp in ipairs { "1700000000", "1699999700", "1700000300" } do
      t.equal(is_good(signed("text=x", stamp), "text=x"), true, stamp)
    end
  end,

  ["a request that is too old or too new is refused"] = function(t)
    for _, stamp in ipairs { "1699999699", "1700000301", ("9"):rep(40) } do
      t.equal(is_good(signed("text=x", stamp), "text=x"), false, stamp)
    end
  end,

  ["a timestamp that is no number is refused"] = function(t)
    for _, stamp in ipairs { "yesterday", "", "-1", "1.7e9", "0x10" } do
      t.equal(is_good(signed("text=x", stamp), "text=x"), false, stamp)
    end
  end,

  ["another body, another secret or another version is refused"] = function(t)
    local good = signed("text=x", "1700000000")
    t.equal(is_good(good, "text=y"), false)
    t.equal(is_good(signed("text=x", "1700000000", "guessed"), "text=x"), false)
    good["x-slack-signature"] = good["x-slack-signature"]:gsub("^v0", "v1")
    t.equal(is_good(good, "text=x"), false)
  end,

  ["a signature that is missing, empty, short or long is refused"] = function(t)
    local good = signed("text=x", "1700000000")
    for _, given in ipairs {
      "", "v0=", good["x-slack-signature"]:sub(1, 20), good["x-slack-signature"] .. "00",
    } do
      local headers = {
        ["x-slack-request-timestamp"] = "1700000000", ["x-slack-signature"] = given,
      }
      t.equal(is_good(headers, "text=x"), false, given)
    end
    t.equal(is_good({ ["x-slack-request-timestamp"] = "1700000000" }, "text=x"), false)
    t.equal(is_good({ ["x-slack-signature"] = good["x-slack-signature"] }, "text=x"), false)
  end,
}
