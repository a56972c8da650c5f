-- help: what the command can do. Lists what exists, and nothing else.
local config = require "engine.config"
local blocks = require "slack.blocks"
local reply = require "slack.reply"

local M = {}

local SECTION_MAX = 2900 -- bytes; Slack takes 3000 characters

local function line(command, one, aliases)
  local also = {}
  for i, alias in ipairs(aliases) do also[i] = "`" .. blocks.escape(alias, 40) .. "`" end
  return ("\u{2022} `%s %s`: %s%s"):format(command, blocks.escape(one.usage, 80), blocks.escape(one.about, 200),
    #also > 0 and " (or " .. table.concat(also, ", ") .. ")" or "")
end

-- What each subcommand does, in as many sections as it takes.
local function sections()
  local list, gathered, length = {}, {}, 0
  local function finish()
    if #gathered > 0 then list[#list + 1] = blocks.section(table.concat(gathered, "\n")) end
    gathered, length = {}, 0
  end
  -- Asked for when it is needed: the registry loads this file.
  for _, one in ipairs(require "slack.registry".vocabulary().shown) do
    for i, shown in ipairs(one.lines) do
      local text = line(config.slack.command, shown, i == 1 and one.aliases or {})
      if length + #text > SECTION_MAX then finish() end
      gathered[#gathered + 1], length = text, length + #text + 1
    end
  end
  finish()
  return list
end

---@param before? string  a line to begin with, mrkdwn
function M.message(before)
  local slack = config.slack
  local intro = blocks.escape(slack.app_name, 100)
    .. " opens incidents: a channel, the right people in it, and a page that remembers."
  if slack.help.incident then
    intro = intro .. " " .. blocks.link(slack.help.incident, "How we handle incidents")
  end
  local list = { blocks.header(slack.app_name), blocks.section(intro) }
  for _, section in ipairs(sections()) do list[#list + 1] = section end
  list[#list + 1] = blocks.context("Say what you see, early and in one line; others can join and correct.")
  if before then table.insert(list, 1, blocks.section(before)) end
  return { text = before or "What the command can do", blocks = list }
end

local encoded -- what it says follows from the scripts and the config, which do not change while they run

function M.run()
  encoded = encoded or reply.ephemeral(M.message())
  return { status = encoded.status, content_type = encoded.content_type, body = encoded.body }
end

M.commands = {
  { name = "help", usage = { "help" }, about = { "this list" }, run = M.run },
}

return M
