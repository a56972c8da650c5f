-- page: the workspace as a newcomer sees it in a browser: channels with their people and messages.
local html = require "engine.html"
local workspace = require "sandbox.lib.workspace"

local h = html.element

local STYLE = [[
body { font: 1rem/1.5 system-ui,
  sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color-scheme: light dark; }
section { border: 1px solid #8886; border-radius: .6rem; padding: .6rem 1rem; margin: 1rem 0; }
li { margin: .5rem 0; white-space: pre-line; overflow-wrap: anywhere; } .muted { opacity: .7; font-size: .9rem; }
]]

local function block_texts(message)
  local lines = {}
  for _, block in ipairs(message.blocks or {}) do
    if block.text then lines[#lines + 1] = block.text.text end
    for _, field in ipairs(block.fields or {}) do lines[#lines + 1] = field.text end
    for _, element in ipairs(block.type == "context" and block.elements
      or {}) do lines[#lines + 1] = element.text end
  end
  return #lines > 0 and table.concat(lines, "\n") or message.text
end

local function show_channel(channel, people)
  local names, messages = {}, {}
  for i, id in ipairs(channel.members) do names[i] = people[id] and people[id].real_name or id end
  for i, message in ipairs(channel.messages) do messages[i] = h("li", nil, block_texts(message)) end
  return h("section", nil,
    h("h2", nil, (channel.is_private and "\u{1f512} " or "#") .. channel.name),
    channel.topic ~= "" and h("p", { class = "muted" }, channel.topic) or nil,
    h("p", { class = "muted" }, #names .. " people: " .. table.concat(names, ", ")),
    h("ul", nil, messages))
end

local function show()
  local snapshot, people, list = workspace.snapshot(), workspace.get().people, {}
  for i = #snapshot.channels, 1, -1 do list[#list + 1] = show_channel(snapshot.channels[i], people) end
  return { content_type = "text/html; charset=utf-8", body = html.document(h("html", { lang = "en" },
    h("head", nil, h("meta", { charset = "utf-8" }), h("meta", { name = "viewport",
      content = "width=device-width" }),
      h("title", nil, "The sandbox's workspace"), h("style", nil, html.raw(STYLE))),
    h("body", nil, h("h1", nil, "The sandbox's workspace"), list))) }
end

return {
  about = "A picture of the workspace",
  routes = { { method = "GET", path = "/", access = "public", handler = show,
    about = "The workspace as a page" } },
}
