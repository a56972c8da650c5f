-- slack_blocks: nothing is longer than Slack takes, and no foreign text comes to life.
local blocks = require "slack.blocks"
local text = require "engine.text"
local view = require "slack.view"

local function options(count)
  local list = {}
  for i = 1, count do list[i] = blocks.option("Option " .. i, "v" .. i) end
  return list
end

return {
  ["mentions in foreign text are only text"] = function(t)
    t.equal(blocks.escape("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;")
    t.equal(blocks.section("x").text.verbatim, true)
  end,

  ["escaped text is shortened before an entity, never inside"] = function(t)
    for max = 1, 40 do
      local short = blocks.escape(("&"):rep(20), max)
      t.truthy(text.length(short) <= max, max)
      t.falsy(short:gsub("&amp;", ""):find("[&;]"), short)
    end
  end,

  ["long text ends with an ellipsis at a whole character"] = function(t)
    local header = blocks.header(("é"):rep(200))
    t.equal(text.length(header.text.text), 150)
    t.matches(header.text.text, "é\u{2026}$")
  end,

  ["direction overrides and line breaks leave a line"] = function(t)
    t.equal(blocks.line("a\u{202E}b\n\tc  "), "ab c")
    t.equal(blocks.line("تعطل الدفع"), "تعطل الدفع")
  end,

  ["a quotation marks each line and stays within its length"] = function(t)
    t.equal(blocks.quote("one\r\n<two>\n"), "> one\n> &lt;two&gt;")
    t.truthy(text.length(blocks.quote(("word\n"):rep(2000), 500)) <= 500)
  end,

  ["a link's label cannot end the link"] = function(t)
    t.equal(blocks.link("https://example.test/", "a|b>c"),
      "<https://example.test/|a\u{00A6}b&gt;c>")
  end,

  ["markup that is too long ends before what does not fit whole"] = function(t)
    local filler = ("x"):rep(2990)
    local function ending(value) return blocks.section(filler .. value).text.text:sub(2991) end
    t.equal(ending("<https://example.test/|a label>"), "\u{2026}")
    t.equal(ending("12345678&amp;&amp;"), "12345678\u{2026}")
    t.equal(ending("&amp;&lt;"), "&amp;&lt;")
  end,

  ["an empty text is still a text"] = function(t)
    t.equal(blocks.plain("", 75).text, " ")
    t.equal(blocks.section("").text.text, " ")
  end,

  ["a select takes 1 to 100 options"] = function(t)
    t.fails(function() blocks.select { action_id = "a", options = {} } end, "1 to 100 options")
    t.fails(function() blocks.select {
      action_id = "a", options = options(101),
    } end, "1 to 100 options")
    t.equal(#blocks.select { action_id = "a", options = options(100) }.options, 100)
  end,

  ["the initial option is one of the options, or there is none"] = function(t)
    local list = options(3)
    t.equal(blocks.select {
      action_id = "a", options = list, initial = "v2",
    }.initial_option, list[2])
    t.equal(blocks.select { action_id = "a", options = list, initial = "gone" }.initial_option, nil)
  end,

  ["a group of more than 100 goes on in another one"] = function(t)
    local element = blocks.grouped_select {
      action_id = "a", groups = { { name = "G", options = options(150) } }, initial = "v150",
    }
    t.equal({ #element.option_groups[1].options, #element.option_groups[2].options }, { 100, 50 })
    t.equal(element.initial_option.value, "v150")
  end,

  ["ids and values that are too long are a mistake"] = function(t)
    t.fails(function() blocks.button { action_id = ("a"):rep(256), label = "x" } end, "action id")
    t.fails(function() blocks.option("x", ("v"):rep(76)) end, "value of an option")
  end,

  ["a modal is within Slack's limits or not made"] = function(t)
    local many = {}
    for i = 1, 101 do many[i] = blocks.divider() end
    t.fails(function() view.modal {
      callback_id = "c", title = "T", blocks = many,
    } end, "100 blocks")
    local input = blocks.input {
      block_id = "b", label = "L", element = blocks.text_input { action_id = "a", max = 5 },
    }
    t.fails(function() view.modal {
      callback_id = "c", title = "T", blocks = { input },
    } end, "submit")
    t.equal(text.length(view.modal {
      callback_id = "c", title = ("T"):rep(50), blocks = {},
    }.title.text), 24)
  end,

  ["a form's values are read by name, whatever is in them"] = function(t)
    local read = view.read_values {
      a = { a = { type = "plain_text_input", value = "x" } },
      b = { ["b___1700"] = { type = "static_select", selected_option = { value = "y" } } },
      c = {
        c = {
          type = "multi_static_select", selected_options = { { value = "1" }, 7, { value = "2" } },
        },
      },
      d = { d = { type = "checkboxes", selected_options = {} } }, e = 7, f = { f = "g" },
      g = { g = { type = "odd" } },
    }
    t.equal(read, { a = "x", b = "y", c = { "1", "2" }, d = false })
  end,
}
