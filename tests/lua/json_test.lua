-- json: texts keep their meaning in both directions.
local json = require "engine.json"

return {
  ["integers stay integers"] = function(t)
    for _, n in ipairs { 0, 5, -5, 2 ^ 53 // 1 | 0, -(2 ^ 53 // 1 | 0), 9007199254740993 } do
      t.equal(json.decode(json.encode(n)), n)
    end
    t.equal("incident-" .. json.decode('{"id":5}').id, "incident-5")
    t.equal(json.encode(12345678901234567), "12345678901234567")
  end,
}
