-- crypto: the published test vectors, and randomness that is random.
local crypto = require "engine.crypto"

return {
  ["SHA-256"] = function(t)
    t.equal(crypto.sha256_hex "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    t.equal(crypto.sha256_hex "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    t.truthy(crypto.sha256_hex "a\0b" ~= crypto.sha256_hex "a")
  end,

  ["HMAC-SHA256 (RFC 4231)"] = function(t)
    t.equal(crypto.hmac_sha256_hex(("\x0b"):rep(20), "Hi There"),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    t.equal(crypto.hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    t.equal(crypto.hmac_sha256_hex(("\xaa"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  end,

  ["equality"] = function(t)
    t.equal(crypto.equal("abc", "abc"), true)
    t.equal(crypto.equal("abc", "abd"), false)
    t.equal(crypto.equal("abc", "ab"), false)
    t.equal(crypto.equal("", ""), true)
    t.equal(crypto.equal("a\0b", "a\0c"), false)
  end,

  ["base64 (RFC 4648)"] = function(t)
    local vectors = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
      foobar = "Zm9vYmFy", ["\0\xff\xfe"] = "AP/+" }
    for data, text in pairs(vectors) do t.equal(crypto.base64(data), text) end
  end,

  ["random values differ and have their form"] = function(t)
    t.matches(crypto.random_hex(16), "^" .. ("%x"):rep(32) .. "$")
    t.truthy(crypto.random_hex(16) ~= crypto.random_hex(16))
    t.matches(crypto.uuid(), "^%x+%-%x+%-4%x%x%x%-[89ab]%x%x%x%-%x+$")
    t.equal(#crypto.uuid(), 36)
    t.fails(function() crypto.random_hex(0) end, "1 to 64 bytes")
    t.fails(function() crypto.random_hex(65) end, "1 to 64 bytes")
  end,
}
