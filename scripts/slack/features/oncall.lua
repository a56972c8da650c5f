-- oncall: "/incident oncall", where no system that pages people is connected: says so, who can be called from here, and
-- who is on call now.
local config = require "engine.config"
local kernel = require "engine.kernel"
local people_of = require "engine.people"
local blocks = require "slack.blocks"
local people = require "slack.people"
local reply = require "slack.reply"

local MOST_LINES = 30

-- Who is on call now, one service a line; "" when nobody is.
local function on_call_now()
  local lines, at = {}, {}
  for _, row in ipairs(kernel.call("oncall.now", {}) or {}) do
    local name = ("%s (level %d)"):format(blocks.escape(blocks.line(row.service), 60), row.level)
    local person = people_of.get { id = row.person_id }
    if not at[name] and #lines < MOST_LINES then
      lines[#lines + 1] = { "\u{2022} " .. name .. ":" }
      at[name] = lines[#lines]
    end
    if at[name] and person then table.insert(at[name], people.mention(person)) end
  end
  for i, line in ipairs(lines) do lines[i] = table.concat(line, " ") end
  return #lines > 0 and "\n*On call now*\n" .. table.concat(lines, "\n") or ""
end

local function run()
  local words = "No system that pages people is connected to this app."
  if #config.slack.sos > 0 then
    local names = {}
    for i, sos in ipairs(config.slack.sos) do names[i] = blocks.escape(sos.name, 75) end
    words = ("%s `%s sos` calls those who are declared: %s."):format(words, config.slack.command,
      table.concat(names, ", "))
  end
  return reply.ephemeral { text = words .. on_call_now() }
end

return {
  commands = {
    {
      name = "oncall", synonyms = { "on-call" }, usage = { "oncall" }, about = { "page those who are on call" },
      run = run,
    },
  },
}
