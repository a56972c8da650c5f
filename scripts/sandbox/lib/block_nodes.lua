--- block_nodes: the blocks of a message as nodes of a page. What can be pressed or chosen is drawn, not alive.
local html = require "engine.html"
local mrkdwn = require "sandbox.lib.mrkdwn"

local h = html.element
local M = {}

local function text_nodes(object, names)
  if object.type == "plain_text" then return object.text end
  return mrkdwn.nodes(object.text, names)
end

local function each(list, make, ...)
  local nodes = {}
  for i, one in ipairs(list or {}) do nodes[i] = make(one, ...) end
  return nodes
end

local function field(object, names) return h("div", nil, text_nodes(object, names)) end

local function control(element)
  local label = element.text or element.placeholder
  return h("span", { class = "control " .. (element.style or "") }, type(label) == "table" and label.text or "\u{22ef}")
end

local function context_part(element, names)
  return element.type == "image" and h("span", nil, element.alt_text) or h("span", nil, text_nodes(element, names))
end

local DRAW = {
  header = function(block) return h("h3", nil, block.text.text) end,
  divider = function() return h("hr") end,
  image = function(block) return h("p", { class = "muted" }, block.alt_text) end,
  context = function(block, names) return h("div", { class = "muted" }, each(block.elements, context_part, names)) end,
  actions = function(block) return h("div", { class = "controls" }, each(block.elements, control)) end,
  section = function(block, names)
    return h("div", { class = "section" },
      block.text and h("div", { class = "text" }, text_nodes(block.text, names)),
      block.fields and h("div", { class = "fields" }, each(block.fields, field, names)),
      block.accessory and control(block.accessory))
  end,
}

local function draw(block, names)
  local make = DRAW[block.type]
  return make and make(block, names) or h("p", { class = "muted" }, block.type)
end

--- The nodes of a message (or of what only one person sees): its blocks, or its text where there are none.
function M.nodes(message, names)
  if message.blocks and #message.blocks > 0 then return each(message.blocks, draw, names) end
  return mrkdwn.nodes(message.text, names)
end

return M
