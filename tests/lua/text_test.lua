-- text: what people call one character stays one.
local text = require "engine.text"

local FAMILY = "👩\u{200D}👩\u{200D}👧"          -- 5 code points, one character
local WAVE = "👋🏽"                              -- with a skin tone
local FLAG_FR, FLAG_DE = "🇫🇷", "🇩🇪"

return {
  ["length counts code points, broken bytes as one each"] = function(t)
    t.equal(text.length "", 0)
    t.equal(text.length "héllo", 5)
    t.equal(text.length "🧯", 1)
    t.equal(text.length "a\xff\xfeb", 4)
    t.equal(text.length "a\0b", 3)
  end,

  ["a text that fits is not touched"] = function(t)
    t.equal(text.cut("héllo", 5, "…"), "héllo")
    t.equal(text.cut("", 0), "")
  end,

  ["the ellipsis counts"] = function(t)
    t.equal(text.cut("hello world", 8, "…"), "hello w…")
    t.equal(text.cut("hello world", 8, "..."), "hello...")
    t.equal(text.cut("hello world", 5), "hello")
    t.equal(text.cut("hello", 0), "")
    t.fails(function() text.cut("hello", 1, "...") end, "shorter than the ellipsis")
    t.fails(function() text.cut("hello", -1) end, "shorter than the ellipsis")
  end,

  ["joined emoji are kept or dropped as one"] = function(t)
    t.equal(text.cut("ab" .. FAMILY .. "c", 6), "ab")
    t.equal(text.cut("ab" .. FAMILY .. "c", 7), "ab" .. FAMILY)
    t.equal(text.cut(WAVE .. WAVE, 3), WAVE)
    t.equal(text.cut("☎️x", 1), "")
  end,

  ["flags are pairs"] = function(t)
    t.equal(text.cut(FLAG_FR .. FLAG_DE, 3), FLAG_FR)
    t.equal(text.cut(FLAG_FR .. FLAG_DE, 2), FLAG_FR)
    t.equal(text.cut(FLAG_FR .. FLAG_DE, 1), "")
    t.equal(text.cut("a" .. FLAG_FR .. FLAG_DE .. "b", 4), "a" .. FLAG_FR)
  end,

  ["an accent stays with its letter"] = function(t)
    t.equal(text.cut("cafe\u{301}s", 5), "cafe\u{301}")
    t.equal(text.cut("cafe\u{301}s", 4), "caf")
  end,

  ["cutting never makes invalid UTF-8, whatever the length"] = function(t)
    local mixed = "aé" .. FAMILY .. WAVE .. FLAG_DE .. "\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}z"
    for max = 0, text.length(mixed) do
      local cut = text.cut(mixed, max)
      t.truthy(text.is_utf8(cut))
      t.truthy(text.length(cut) <= max)
      t.equal(mixed:sub(1, #cut), cut)
    end
  end,

  ["clean text has no controls and no broken bytes"] = function(t)
    t.equal(text.clean "a\0b\x07c\u{9b}d\n\te ", "abcd\n\te ")
    t.equal(text.clean "\xffé\xc3(", "\u{FFFD}é\u{FFFD}(")
    t.equal(text.clean "a\u{202E}b\u{2066}c", "a\u{202E}b\u{2066}c")
    t.equal(text.clean "", "")
  end,

  ["plain text does not turn what stands around it"] = function(t)
    t.equal(text.plain "\u{202A}a\u{202E}\u{202F}b\u{2065}\u{2066}c\u{2069}", "a\u{202F}b\u{2065}c")
    t.equal(text.plain "تعطل  الدفع\n", "تعطل  الدفع\n")
  end,

  ["a line has no white space but single spaces within"] = function(t)
    t.equal(text.line "  a \r\n\t b\u{202E} \0 c\v\fd  ", "a b c d")
    t.equal(text.line "one two", "one two")
    t.equal(text.line " \n ", "")
    t.equal(text.line " \xff é", "\u{FFFD} é")
    t.equal(text.line "تعطل\nالدفع", "تعطل الدفع")
  end,

  ["validity"] = function(t)
    t.truthy(text.is_utf8 "é🧯\0")
    for _, broken in ipairs { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82" } do
      t.falsy(text.is_utf8(broken))
    end
  end,

  ["cleaning replaces what is broken and drops controls"] = function(t)
    t.equal(text.clean "a\0b\1\27[31mc\r\n\td\127", "ab[31mc\n\td")
    t.equal(text.clean "a\xffb\xe2\x82", "a\u{FFFD}b\u{FFFD}\u{FFFD}")
    t.equal(text.clean "a\u{85}b", "ab")
    t.equal(text.clean "ünï\u{FFFD}🧯", "ünï\u{FFFD}🧯")
    for byte = 0, 255 do t.truthy(text.is_utf8(text.clean(string.char(byte) .. "x"))) end
  end,

  ["arguments are checked"] = function(t)
    t.fails(function() text.length {} end, "bad argument #1 to 'length' %(string expected")
    t.fails(function() text.cut("a", "x") end, "bad argument #2 to 'cut'")
  end,
}
