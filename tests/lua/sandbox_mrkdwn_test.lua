-- sandbox_mrkdwn: the workspace's page shows markup as the vendor's clients do, and foreign text as text.
local html = require "engine.html"
local mrkdwn = require "sandbox.lib.mrkdwn"

local NAMES = {
  person = function(id) return "@person-" .. id end,
  channel = function(id) return "#channel-" .. id end,
  group = function(id) return "@group-" .. id end,
}

local function shown(text) return html.render(mrkdwn.nodes(text, NAMES)) end

local function line(text) return shown(text):match "^<div>(.*)</div>$" end

return {
  ["marks"] = function(t)
    t.equal(line "*bold* _slanted_ ~gone~ `a *b* <c`", "<strong>bold</strong> <em>slanted</em> <s>gone</s> "
      .. "<code>a *b* &lt;c</code>")
    t.equal(line "*_both_*", "<strong><em>both</em></strong>")
  end,

  ["what only looks like a mark stays"] = function(t)
    for _, text in ipairs { "2 * 3 * 4", "snake_case_name", "a * b", "*", "**", "* open", "`", "it's *" } do
      t.equal(line(text), html.escape(text))
    end
  end,

  ["who and what is mentioned"] = function(t)
    t.equal(line "<@U1> in <#C1> for <!subteam^S1>", '<b class="mention">@person-U1</b> in '
      .. '<b class="mention">#channel-C1</b> for <b class="mention">@group-S1</b>')
    t.equal(line "<!here>", '<b class="mention">@here</b>')
  end,

  ["links and moments"] = function(t)
    t.equal(line "<https://x.test/?a=1&amp;b=2|a &lt;b&gt;>", '<a href="https://x.test/?a=1&amp;b=2">a &lt;b&gt;</a>')
    t.equal(line "<!date^1795835773^{date_short}|then>", '<time datetime="2026-11-28T03:16:13Z">then</time>')
    t.equal(line "<javascript:alert(1)|x>", html.escape "<javascript:alert(1)|x>")
  end,

  ["quoted lines stand together"] = function(t)
    t.equal(shown "> one\n&gt; two\nthree", "<blockquote><div>one</div><div>two</div></blockquote><div>three</div>")
  end,

  ["foreign text never becomes markup of the page"] = function(t)
    t.equal(line "&lt;script&gt; <script> & \"", "&lt;script&gt; &lt;script&gt; &amp; &quot;")
  end,
}
