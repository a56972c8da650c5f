-- url: forms and query strings, in both directions.
local url = require "engine.url"

return {
  ["a form is read, the last value of a name counts"] = function(t)
    t.equal(url.parse_form "a=1&b=two+words&a=3&c=%C3%A9", { a = "3", b = "two words", c = "é" })
    t.equal(url.parse_form "", {})
    t.equal(url.parse_form "a&b=&&=x", { a = "", b = "", [""] = "x" })
    t.equal(url.parse_query "q=%26%3D&page=2", { q = "&=", page = "2" })
  end,

  ["a broken escape stays as it is"] = function(t)
    t.equal(url.parse_form "a=100%&b=%zz&c=%4", { a = "100%", b = "%zz", c = "%4" })
  end,

  ["NUL and bytes that are no UTF-8 are replaced"] = function(t)
    t.equal(url.parse_form "a=x%00y&b=%ff%41", { a = "x\u{FFFD}y", b = "\u{FFFD}A" })
  end,

  ["too many fields or bytes are an error"] = function(t)
    t.refused("limit", url.parse_form(("a=1&"):rep(1001)))
    t.refused("limit", url.parse_form(("a"):rep(4 * 1024 * 1024 + 1)))
    t.truthy(url.parse_form(("a=1&"):rep(999) .. "b=2"))
  end,

  ["escaping leaves only letters, digits and -._~"] = function(t)
    t.equal(url.escape "aZ09-._~ /?&=+é\0", "aZ09-._~%20%2F%3F%26%3D%2B%C3%A9%00")
    t.equal(url.escape "", "")
  end,

  ["fields are written in the order of their names"] = function(t)
    t.equal(url.encode { b = 2, a = "x y", c = true, ["ü"] = "&" }, "a=x%20y&b=2&c=true&%C3%BC=%26")
    t.equal(url.encode {}, "")
  end,

  ["what was written is read back"] = function(t)
    local fields = {}
    for byte = 1, 127 do fields["k" .. byte] = string.char(byte) .. "é" end
    t.equal(url.parse_form(url.encode(fields)), fields)
  end,

  ["a value that is no text is named"] = function(t)
    t.fails(function() url.encode { a = { 1 } } end, "fields%.a: expected a text, number or boolean, got table")
    t.fails(function() url.encode { "x" } end, "names are texts, got 1")
  end,
}
