-- help: what the command can do. Lists what exists, and nothing else.
local config = require "engine.config"
local blocks = require "slack.blocks"
local reply = require "slack.reply"

local M = {}

local function lines()
  local command, shown = config.slack.command, {}
  -- Asked for when it is needed: the registry loads this file.
  for _, one in ipairs(require "slack.registry".commands) do
    for i, usage in ipairs(one.usage) do
      shown[#shown + 1] = ("\u{2022} `%s %s`: %s"):format(command, usage, one.about[i])
    end
  end
  return table.concat(shown, "\n")
end

---@param before? string  a line to begin with, mrkdwn
function M.message(before)
  local slack = config.slack
  local intro = blocks.escape(slack.app_name, 100)
    .. " opens incidents: a channel, the right people in it, and a page that remembers."
  if slack.help.incident then
    intro = intro .. " " .. blocks.link(slack.help.incident, "How we handle incidents")
  end
  local list = {
    blocks.header(slack.app_name), blocks.section(intro), blocks.section(lines()),
    blocks.context("Say what you see, early and in one line; others can join and correct."),
  }
  if before then table.insert(list, 1, blocks.section(before)) end
  return { text = before or "What the command can do", blocks = list }
end

function M.run()
  return reply.ephemeral(M.message())
end

M.commands = {
  { name = "help", usage = { "help" }, about = { "this list" }, run = M.run },
}

return M
