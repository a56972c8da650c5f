-- page: the workspace as a newcomer sees it in a browser: its conversations, the latest first, with their people and
-- messages.
local block_nodes = require "sandbox.lib.block_nodes"
local html = require "engine.html"
local mrkdwn = require "sandbox.lib.mrkdwn"
local parts = require "web.parts"
local style = require "web.style"
local workspace = require "sandbox.lib.workspace"

local h = html.element

local STYLE = style .. [[
.workspace { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 1.5rem; align-items: start; }
.workspace nav { position: sticky; top: 1rem; }
@media (max-width: 50rem) { .workspace { grid-template-columns: minmax(0, 1fr); } .workspace nav { position: static; } }
.workspace nav a { text-decoration: none; overflow-wrap: anywhere; }
.message { border-top: 1px solid var(--line); padding: .7rem 0; overflow-wrap: anywhere; }
.message .when { margin: 0 0 .2rem; }
.message h3 { margin: .2rem 0; }
.message hr { border: 0; border-top: 1px solid var(--line); }
.thread, .private { margin-left: 1.5rem; }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .4rem 1.2rem; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .4rem; }
.control { border: 1px solid var(--line); border-radius: .4rem; padding: .1rem .7rem; font-size: .9rem;
  font-weight: 600; }
.control.primary { border-color: var(--good); color: var(--good); }
.control.danger { border-color: var(--bad); color: var(--bad); }
.mention { background: var(--calm-ground); color: var(--calm); border-radius: .3rem; padding: 0 .2rem;
  font-weight: 500; }
blockquote { margin: .2rem 0; padding-left: .7rem; border-left: 3px solid var(--line); }
]]

local NAMED = 12                      -- of a conversation's people

-- ---- names

local function person_name(id)
  local person = workspace.get().people[id]
  return person and person.real_name or id
end

local function channel_name(channel)
  if channel.is_im then return "\u{2709} " .. person_name(channel.user) end
  return (channel.is_private and "\u{1f512} " or "#") .. channel.name
end

local function group_handle(id)
  for _, group in ipairs(workspace.get().groups) do
    if group.id == id then return "@" .. group.handle end
  end
  return "@" .. id
end

local NAMES = {
  person = function(id) return "@" .. person_name(id) end,
  channel = function(id)
    local channel = workspace.get().channels[id]
    return channel and channel_name(channel) or "#" .. id
  end,
  group = group_handle,
}

-- ---- one conversation

local function reactions_of(message)
  local list = {}
  for i, reaction in ipairs(message.reactions or {}) do
    list[i] = h("span", { class = "pill" }, ":" .. reaction.name .. ": " .. reaction.count)
  end
  return #list > 0 and h("div", { class = "pills" }, list) or nil
end

local function show_message(message, pins)
  local is_answer = message.thread_ts and message.thread_ts ~= message.ts
  return h("article", { class = is_answer and "message thread" or "message" },
    h("p", { class = "when" }, h("strong", nil, person_name(message.user)), " \u{b7} ",
      parts.moment(math.floor(tonumber(message.ts) * 1000)),
      message.edited and " \u{b7} edited" or nil, pins[message.ts] and " \u{b7} \u{1f4cc} pinned" or nil),
    block_nodes.nodes(message, NAMES), reactions_of(message))
end

local function show_private_notes(channel)
  local list = {}
  for _, note in ipairs(workspace.get().ephemerals) do
    if note.channel == channel.id then
      list[#list + 1] = h("article", { class = "message private" },
        h("p", { class = "when" }, "Only ", person_name(note.user), " sees this"), block_nodes.nodes(note, NAMES))
    end
  end
  return list
end

local function people_line(channel)
  local names, count = {}, #channel.members
  for i = 1, math.min(count, NAMED) do names[i] = person_name(channel.members[i]) end
  local rest = count > NAMED and (" and %d more"):format(count - NAMED) or ""
  return h("p", { class = "muted" }, count .. " people: " .. table.concat(names, ", ") .. rest)
end

local function show_bookmarks(channel)
  local links = {}
  for i, bookmark in ipairs(channel.bookmarks) do
    links[i] = h("a", { href = bookmark.link }, "\u{1f516} " .. bookmark.title)
  end
  return #links > 0 and h("p", { class = "pills" }, links) or nil
end

local function show_channel(channel)
  local messages, pins = {}, {}
  for _, ts in ipairs(channel.pins) do pins[ts] = true end
  for i, message in ipairs(channel.messages) do messages[i] = show_message(message, pins) end
  return h("section", { class = "card", id = channel.id },
    h("h2", nil, channel_name(channel), channel.is_archived and " (archived)" or nil),
    channel.topic ~= "" and h("div", { class = "muted" }, mrkdwn.nodes(channel.topic, NAMES)) or nil,
    show_bookmarks(channel),
    people_line(channel),
    #messages > 0 and messages or h("p", { class = "muted" }, "Nobody has written anything."),
    show_private_notes(channel))
end

-- ---- the page

local function document(content)
  return html.document(h("html", { lang = "en" },
    h("head", nil,
      h("meta", { charset = "utf-8" }),
      h("meta", { name = "viewport", content = "width=device-width, initial-scale=1" }),
      h("meta", { name = "color-scheme", content = "light dark" }),
      h("title", nil, "The sandbox's workspace"),
      h("style", nil, html.raw(STYLE))),
    h("body", nil, h("main", nil, h("h1", nil, "The sandbox's workspace"), content))))
end

local function show()
  local channels, links, sections = workspace.snapshot().channels, {}, {}
  for i = #channels, 1, -1 do
    local channel = channels[i]
    links[#links + 1] = h("li", nil, h("a", { href = "#" .. channel.id }, channel_name(channel)))
    sections[#sections + 1] = show_channel(channel)
  end
  return { content_type = "text/html; charset=utf-8", body = document(h("div", { class = "workspace" },
    h("nav", { ["aria-label"] = "Conversations" }, h("ul", { class = "plain" }, links)),
    h("div", nil, sections))) }
end

return {
  about = "A picture of the workspace",
  routes = { { method = "GET", path = "/", access = "public", handler = show,
    about = "The workspace as a page" } },
}
