-- oncall: "/incident oncall", where no system that pages people is connected: says so, and who can be
-- called from here.
local config = require "engine.config"
local blocks = require "slack.blocks"
local reply = require "slack.reply"

local function run()
  local words = "No system that pages people is connected to this app."
  if #config.slack.sos > 0 then
    local names = {}
    for i, sos in ipairs(config.slack.sos) do names[i] = blocks.escape(sos.name, 75) end
    words = ("%s `%s sos` calls those who are declared: %s."):format(words, config.slack.command,
      table.concat(names, ", "))
  end
  return reply.ephemeral { text = words }
end

return {
  commands = {
    {
      name = "oncall", synonyms = { "on-call" }, usage = { "oncall" }, about = { "page those who are on call" },
      run = run,
    },
  },
}
