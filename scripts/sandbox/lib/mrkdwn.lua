--- mrkdwn: the vendor's markup of messages as nodes of a page, near enough to what its clients draw.
local html = require "engine.html"
local time = require "engine.time"

local h = html.element
local M = {}

local ENTITIES = { ["&lt;"] = "<", ["&gt;"] = ">", ["&amp;"] = "&" }
local MARKS = { ["*"] = "strong", ["_"] = "em", ["~"] = "s" }

local function unescaped(text) return (text:gsub("&%a+;", ENTITIES)) end

local function mention(name) return h("b", { class = "mention" }, name) end

-- "<!date^1795835773^{date_short}|2026-11-28 03:16 UTC>", "<!here>", "<!subteam^S1|@leads>"
local function special(body, label, workspace)
  local group = body:match "^!subteam%^(.+)$"
  local at = math.tointeger(tonumber(body:match "^!date%^(%d+)"))
  if group then return mention(workspace.group(group)) end
  if at then
    local utc = time.format(at * 1000, "%Y-%m-%dT%H:%M:%SZ", "UTC")
    return h("time", { datetime = utc }, unescaped(label or utc))
  end
  return mention("@" .. unescaped(label or body:sub(2)))
end

local function angle(inside, workspace)
  local body, label = inside:match "^([^|]*)|?(.*)$"
  if label == "" then label = nil end
  local kind, id = body:sub(1, 1), body:sub(2)
  if kind == "@" then return mention(workspace.person(id)) end
  if kind == "#" then return mention(workspace.channel(id)) end
  if kind == "!" then return special(body, label, workspace) end
  if not body:find "^https?://" and not body:find "^mailto:" then return "<" .. unescaped(inside) .. ">" end
  return h("a", { href = unescaped(body) }, unescaped(label or body))
end

-- Where a pair of marks begins at <at>: the text between and the place behind. A mark counts at the edge of a word.
local function marked(text, at, mark)
  local before = at == 1 or text:find("^[%s%p]", at - 1)
  if not before or text:find("^%s", at + 1) then return end
  local from = at + 1
  while true do
    local close = text:find(mark, from, true)
    if not close then return end
    local is_end = close > at + 1 and not text:find("^%s", close - 1) and not text:find("^%w", close + 1)
    if is_end then return text:sub(at + 1, close - 1), close + 1 end
    from = close + 1
  end
end

local inline

-- The node that begins at <at> with <char>, and the place behind it; nil when it is plain text.
local function node_at(text, at, char, workspace)
  if char == "<" then
    local inside, behind = text:match("^<([^<>]+)>()", at)
    if inside then return angle(inside, workspace), behind end
  elseif char == "`" then
    local inside, behind = text:match("^`([^`]+)`()", at)
    if inside then return h("code", nil, unescaped(inside)), behind end
  else
    local inside, behind = marked(text, at, char)
    if inside then return h(MARKS[char], nil, inline(inside, workspace)), behind end
  end
end

function inline(text, workspace)
  local nodes, at, plain = {}, 1, 1
  while true do
    at = text:find("[<`*_~]", at)
    if not at then break end
    local node, behind = node_at(text, at, text:sub(at, at), workspace)
    if node then
      nodes[#nodes + 1] = unescaped(text:sub(plain, at - 1))
      nodes[#nodes + 1] = node
      plain = behind
    end
    at = behind or at + 1
  end
  nodes[#nodes + 1] = unescaped(text:sub(plain))
  return nodes
end

local function quoted(line) return line:match "^&gt;%s?(.*)$" or line:match "^>%s?(.*)$" end

--- The nodes of a text. <workspace> names who and what is mentioned: person(id), channel(id), group(id).
function M.nodes(text, workspace)
  local nodes, quote = {}, {}
  local function end_quote()
    if #quote > 0 then nodes[#nodes + 1] = h("blockquote", nil, quote) end
    quote = {}
  end
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local rest = quoted(line)
    if not rest then end_quote() end
    local list = rest and quote or nodes
    list[#list + 1] = h("div", nil, inline(rest or line, workspace))
  end
  end_quote()
  return nodes
end

return M
