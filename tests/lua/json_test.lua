-- json: texts keep their meaning in both directions.
local json = require "engine.json"

local MOST = 9007199254740991   -- 2^53 - 1

local function nested(levels) return ("["):rep(levels) .. ("]"):rep(levels) end

return {
  ["integers stay integers"] = function(t)
    for _, n in ipairs { 0, 5, -5, MOST, -MOST, 12345678901234567, math.maxinteger, math.mininteger } do
      t.equal(json.decode(json.encode(n)), n)
    end
    t.equal("incident-" .. json.decode('{"id":5}').id, "incident-5")
    t.equal(json.decode("-0"), 0)
  end,

  ["a whole number is an integer however it is written"] = function(t)
    t.equal(json.decode("5.0"), 5)
    t.equal(json.decode("1e3"), 1000)
    t.equal(json.decode("-2.50e1"), -25)
    t.equal(json.decode("1e300"), 1e300)
    t.equal(json.decode("0.1"), 0.1)
    t.equal(json.encode(3.0), "3")
  end,

  ["doubles come back as they were"] = function(t)
    for _, n in ipairs { 0.1, 1 / 3, 1e-300, 1.7976931348623157e308, -123456.789 } do
      t.equal(json.decode(json.encode(n)), n)
    end
  end,

  ["a number that no integer holds is refused, not rounded"] = function(t)
    t.refused("syntax", json.decode("12345678901234567890"))
    t.refused("syntax", json.decode("1e999"))
  end,

  ["numbers that are none have no JSON form"] = function(t)
    t.fails(function() json.encode { a = { 0 / 0 } } end, "a%[1%]: not a finite number")
    t.fails(function() json.encode(math.huge) end, "not a finite number")
  end,

  ["an empty list stays a list, an empty object an object"] = function(t)
    t.equal(json.encode(json.decode '{"a":[],"b":{}}'), '{"a":[],"b":{}}')
    t.equal(json.encode {}, "{}")
    t.equal(json.encode(json.array {}), "[]")
    t.equal(json.encode(json.array()), "[]")
  end,

  ["null is left out of objects and kept in lists"] = function(t)
    t.equal(json.decode '{"a":null,"b":1}', { b = 1 })
    t.equal(json.decode "[null,1]", { json.null, 1 })
    t.equal(json.decode "null", json.null)
    t.equal(json.encode { json.null, a = nil }, "[null]")
    t.equal(json.encode { a = json.null }, '{"a":null}')
  end,

  ["members are written in the order of their names"] = function(t)
    t.equal(json.encode { b = 1, a = { d = true, c = "x" }, ["1"] = false }, '{"1":false,"a":{"c":"x","d":true},"b":1}')
    t.equal(json.encode({ a = { 1 } }, { pretty = true }), '{\n  "a": [\n    1\n  ]\n}')
  end,

  ["NUL bytes and every control character survive"] = function(t)
    local text = "a\0b\n\r\t\1\31\127\"\\/é🧯"
    t.equal(json.decode(json.encode(text)), text)
    t.equal(json.decode '"\\u0000\\ud83e\\uddef"', "\0🧯")
    t.refused("syntax", json.decode '{"a\\u0000":1}')   -- but not in names
  end,

  ["bytes that are no UTF-8 are refused in both directions"] = function(t)
    t.refused("syntax", json.decode '"\xff"')
    t.refused("syntax", json.decode '"\\ud83e"')
    t.fails(function() json.encode { a = { b = "\xc0\x80" } } end, "a%.b: .*UTF%-8")
    t.fails(function() json.encode { ["\xff"] = 1 } end, "UTF%-8")
  end,

  ["what is no JSON says where it breaks"] = function(t)
    for _, text in ipairs { "", "{", '{"a":}', "[1,]", "nul", "'a'", '{"a":1}x', "{a:1}", "01" } do
      local err = t.refused("syntax", json.decode(text))
      t.matches(err.message, "at byte %d+")
    end
    t.equal(tostring(t.refused("syntax", json.decode '{"a":}')):find("not JSON", 1, true), 1)
  end,

  ["nesting has an end"] = function(t)
    t.truthy(json.decode(nested(64)))
    t.refused("limit", json.decode(nested(65)))
    t.refused("limit", json.decode(nested(2000)))
    t.refused("limit", json.decode(nested(100000)))
    t.equal(json.encode(json.decode(nested(64))), nested(64))
    local loop = {}
    loop.self = loop
    t.fails(function() json.encode(loop) end, "contains itself")
  end,

  ["lists with gaps and mixed keys are refused with their path"] = function(t)
    t.fails(function() json.encode { a = { 1, 2, x = 3 } } end, "a: .*both numbers and names")
    t.fails(function() json.encode { 1, nil, 3 } end, "gaps")
    t.fails(function() json.encode { [2] = 1 } end, "both numbers and names")
    t.fails(function() json.encode { [1.5] = 1 } end, "both numbers and names")
    t.fails(function() json.encode(json.array { a = 1 }) end, "both numbers and names")
  end,

  ["after a refusal the next text is whole"] = function(t)
    t.fails(function() json.encode { a = { b = { 1, function() end } } } end, "a%.b%[2%]: a function")
    t.equal(json.encode { a = { b = { 1 } } }, '{"a":{"b":[1]}}')
  end,

  ["many members are sorted, too, also in one another"] = function(t)
    local members, texts = {}, {}
    for i = 1, 40 do
      members[("m%02d"):format(41 - i)] = { z = i, a = {} }
      texts[i] = ('"m%02d":{"a":{},"z":%d}'):format(i, 41 - i)
    end
    t.equal(json.encode(members), "{" .. table.concat(texts, ",") .. "}")
  end,

  ["a name that begins another one comes first"] = function(t)
    t.equal(json.encode { ab = 1, a = 2, ["a\0"] = 3, [""] = 4 }, '{"":4,"a":2,"a\\u0000":3,"ab":1}')
  end,

  ["pretty is over several lines, empty ones on one"] = function(t)
    t.equal(json.encode({ a = {}, b = json.array {}, c = { x = 1, y = { true, "z" } } }, { pretty = true }),
      '{\n  "a": {},\n  "b": [],\n  "c": {\n    "x": 1,\n    "y": [\n      true,\n      "z"\n    ]\n  }\n}')
  end,

  ["a text is escaped wherever its special characters stand"] = function(t)
    for at = 0, 17 do
      for _, special in ipairs { '"', "\\", "\n", "\1", "\127", "é" } do
        local text = ("x"):rep(at) .. special .. ("y"):rep(17 - at)
        t.equal(json.decode(json.encode { [text] = text }), { [text] = text })
      end
    end
  end,

  ["tables that share others cannot grow without end"] = function(t)
    local shared = { 1 }
    for _ = 1, 60 do shared = { shared, shared } end
    t.fails(function() json.encode(shared) end, "too many values")
  end,

  ["a text that stands in it many times counts as often"] = function(t)
    local long = ("x"):rep(1 << 20)
    local list = {}
    for i = 1, 100 do list[i] = long end
    t.fails(function() json.encode(list) end, "%[33%]: too much text")
  end,

  ["a name that stands in it many times counts as often"] = function(t)
    local named = { [("x"):rep(1 << 10)] = true }
    local list = {}
    for i = 1, 33000 do list[i] = named end
    t.fails(function() json.encode(list) end, "%[32769%]")
    t.equal(#json.encode { named, named }, 2 * (1 << 10) + 21)
  end,

  ["functions have no JSON form"] = function(t)
    t.fails(function() json.encode { on = { print_it = function() end } } end, "on%.print_it: a function")
  end,

  ["an unknown option is named"] = function(t)
    t.fails(function() json.encode({}, { prety = true }) end, 'unknown option "prety" %(did you mean "pretty"')
    t.fails(function() json.encode({}, { pretty = 1 }) end, "options%.pretty: expected true or false, got 1")
  end,

  ["a large text is read within its budget"] = function(t)
    local list = {}
    for i = 1, 20000 do list[i] = { id = i, name = "person " .. i, tags = { "a", "b" } } end
    local again = json.decode(json.encode(list))
    t.equal(#again, 20000)
    t.equal(again[20000], list[20000])
  end,
}
