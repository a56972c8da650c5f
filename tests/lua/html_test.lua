-- html: nothing foreign becomes markup.
local html = require "engine.html"
local json = require "engine.json"

local h = html.element

local function text_of(...) return html.render(h(...)) end

return {
  ["text and attributes are escaped"] = function(t)
    t.equal(text_of("p", { title = [["'<>&]] }, "<b>&\"'"),
      "<p title=\"&quot;&#39;&lt;&gt;&amp;\">&lt;b&gt;&amp;&quot;&#39;</p>")
    t.equal(html.escape "a<b", "a&lt;b")
    t.equal(html.render "a<b", "a&lt;b")
    t.equal(text_of("p", nil, "a\0b"), "<p>a\u{FFFD}b</p>")
  end,

  ["foreign words do not turn what stands around them"] = function(t)
    t.equal(text_of("p", { title = "\u{202E}a" }, "b\u{202A}\u{2066}\u{2069}<\u{5E9}\u{202F}"),
      '<p title="a">b&lt;\u{5E9}\u{202F}</p>')
    t.equal(text_of("p", nil, "a\xE2\x80"), "<p>a\xE2\x80</p>")
  end,

  ["what is escaped is found wherever it stands"] = function(t)
    local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;",
      ["\0"] = "\u{FFFD}" }
    local letters = "abc \u{2713} \u{e9}\u{1f525}\x7f\1;=?$%(#/,.:7A^~"
    for at = 0, 20 do
      for c, escape in pairs(escapes) do
        local before, after = letters:sub(1, at), letters:sub(at + 1)
        t.equal(html.escape(before .. c .. after), before .. escape .. after)
        t.equal(html.escape(c .. before .. c .. c), escape .. before .. escape .. escape)
      end
      t.equal(html.escape(letters:sub(1, at) .. "\u{202E}" .. letters:sub(at + 1)), letters)
    end
    t.equal(html.escape(letters), letters)
    t.equal(html.escape "", "")
  end,

  ["numbers are written as Lua writes them"] = function(t)
    for _, n in ipairs { 0, -1, 42, math.maxinteger, math.mininteger, 2.5, 3.0, -0.0, 1e100 } do
      t.equal(text_of("p", { title = n }, n), ('<p title="%s">%s</p>'):format(n, n))
    end
  end,

  ["elements nest, lists are their nodes, nil and false are nothing"] = function(t)
    local rows = { h("li", nil, 1), h("li", nil, 2.5) }
    t.equal(text_of("ul", { class = "x" }, rows, nil, false, { { "end" } }),
      '<ul class="x"><li>1</li><li>2.5</li>end</ul>')
    t.equal(html.render { "a", nil, h("br"), "b" }, "a<br>b")
    t.equal(html.render(nil), "")
  end,

  ["attributes are in the order of their names, true has no value"] = function(t)
    t.equal(text_of("input", { type = "text", disabled = true, hidden = false, ["data-n"] = 3 }),
      '<input data-n="3" disabled type="text">')
  end,

  ["only html.raw is taken as it is"] = function(t)
    t.equal(text_of("div", nil, html.raw "<i>x</i>"), "<div><i>x</i></div>")
    local forged = json.decode '[["<script>"]]'
    t.equal(html.render(forged), "&lt;script&gt;")
    t.fails(function() setmetatable(html.raw "x", {}) end, "protected metatable")
    t.equal(getmetatable(html.raw "x"), false)
  end,

  ["void elements hold nothing"] = function(t)
    t.equal(text_of("img", { src = "/a.png", alt = "" }), '<img alt="" src="/a.png">')
    t.fails(function() h("br", nil, "x") end, "<br> holds nothing")
    t.fails(function() h("BR", nil, "x") end, "<BR> holds nothing")
  end,

  ["code is only what html.raw says"] = function(t)
    t.equal(text_of("script", { src = "/x.js", defer = true }), '<script defer src="/x.js"></script>')
    t.equal(text_of("style", nil, html.raw "a>b{}"), "<style>a>b{}</style>")
    t.fails(function() h("script", nil, "alert(1)") end, "must be html%.raw")
    t.fails(function() h("SCRIPT", nil, { "alert(1)" }) end, "must be html%.raw")
    t.fails(function() h("style", nil, "x") end, "must be html%.raw")
  end,

  ["scripts do not come in through attributes"] = function(t)
    t.fails(function() h("p", { onclick = "x()" }) end, "attributes%.onclick: scripts live in files")
    t.fails(function() h("p", { OnLoad = "x()" }) end, "scripts live in files")
    for _, address in ipairs { "javascript:x()", " JavaScript:x()", "java\nscript:x()", "\1javascript:x()",
      "data:text/html,x", "vbscript:x" } do
      t.fails(function() h("a", { href = address }) end, "attributes%.href: .* is not an address")
    end
    t.fails(function() h("form", { action = "javascript:x()" }) end, "attributes%.action")
    t.fails(function() h("a", { HREF = "javascript:x()" }) end, "attributes%.HREF")
    t.truthy(text_of("a", { href = "/javascript:x" }))
    t.truthy(text_of("img", { src = "data:image/png;base64,AAAA" }))
    t.truthy(text_of("p", { title = "javascript: a language" }))
  end,

  ["names cannot carry markup"] = function(t)
    for _, name in ipairs { "", "a b", "a>b", "1a", 'a"b', "a=b" } do
      t.fails(function() h(name) end, "is no name of an element")
      t.fails(function() h("p", { [name] = "x" }) end, "is no name of an attribute")
    end
    t.equal(text_of("svg", { ["xlink:href"] = "#a", ["aria-label"] = "x" }),
      '<svg aria-label="x" xlink:href="#a"></svg>')
  end,

  ["what is no node is named"] = function(t)
    t.fails(function() h("p", nil, true) end, "boolean is no node")
    t.fails(function() h("p", nil, function() end) end, "function is no node")
    t.fails(function() h("p", nil, { class = "x" }) end, 'no member "class"')
    t.fails(function() h("p", { class = {} }) end, "attributes%.class: expected a text, number or boolean, got table")
    t.fails(function() h("p", h("b")) end, "attributes come before the nodes")
    t.fails(function() h("p", nil, { [1000000] = "x" }) end, "more than 100000 nodes")
  end,

  ["lists that hold themselves end"] = function(t)
    local loop = {}
    loop[1] = loop
    t.fails(function() html.render(loop) end, "more than 50 deep")
  end,

  ["a document has its type, and NULs do not cut it"] = function(t)
    t.equal(html.document(h("html", nil, h("body", nil, "x\0y"))),
      "<!doctype html>\n<html><body>x\u{FFFD}y</body></html>\n")
  end,

  ["a template is filled as elements are made"] = function(t)
    local hole = html.hole
    local fill = html.template(h("li", { class = "row", title = hole "title" },
      h("b", nil, hole "name"), ": ", hole "rest"))
    t.equal(html.render(fill { title = [["'<]], name = "<i>", rest = { h("br"), 2, "&" } }),
      '<li class="row" title="&quot;&#39;&lt;"><b>&lt;i&gt;</b>: <br>2&amp;</li>')
    t.equal(text_of("ul", nil, fill { title = 1, name = false, rest = "a\0b" }),
      '<ul><li class="row" title="1"><b></b>: a\u{FFFD}b</li></ul>')
    t.equal(html.render(html.template(h("p")) {}), "<p></p>")
    t.equal(html.render(html.template(hole "x") { x = html.raw "<i>\0" }), "<i>\0")
  end,

  ["a template within a template, and one hole twice"] = function(t)
    local inner = html.template(h("b", nil, html.hole "x", html.hole "y"))
    local outer = html.template(h("p", nil, inner { x = html.hole "y", y = html.hole "y" }))
    t.equal(html.render(outer { y = "z" }), "<p><b>zz</b></p>")
  end,

  ["every hole is filled with what fits"] = function(t)
    local fill = html.template(h("a", { href = html.hole "to", title = html.hole "title" }, html.hole "text"))
    t.fails(function() fill { to = "/", title = "x" } end, 'nothing was given for "text"')
    t.fails(function() fill { to = "/", title = {}, text = "x" } end, '"title" is an attribute: expected a text')
    t.fails(function() fill { to = " Java\nscript:x()", title = "x", text = "x" } end, "is not an address")
    t.fails(function() fill { to = "/", title = "x", text = t.fails } end, "a function is no node")
    t.fails(function() html.render(h("p", nil, html.hole "x")) end, "a hole that was not filled")
    t.fails(function() html.document(html.hole "x") end, "a hole that was not filled")
    t.fails(function() h("style", nil, html.hole "x") end, "no hole within <style>")
    t.fails(function() html.hole "a b" end, "is no name of a hole")
    t.fails(function() html.template "x" end, "expected an element with holes")
    t.fails(function() html.template(h("p", nil, html.raw "\0", html.hole "x")) end, "a NUL character")
    t.fails(function() html.template(html.raw "\0nx") end, "a NUL character")
  end,
}
