-- slack_command_words: the features' words and the operator's, and what cannot be both.
local command_words = require "slack.command_words"

local COMMANDS = {
  {
    name = "close", usage = { "close", "close #12" }, about = { "it is over", "the same for incident 12" },
  },
  {
    name = "post-mortem", synonyms = { "pm", "post mortem" }, usage = { "post mortem" }, about = { "what we learn" },
  },
}

local function wrong(overrides)
  local built, message, path = command_words.build(COMMANDS, overrides)
  assert(not built, "it was taken")
  return { message, path }
end

return {
  ["without a config each command has its own words"] = function(t)
    local built = assert(command_words.build(COMMANDS, {}))
    t.equal(built.by_word.close.name, "close")
    t.equal(built.by_word["post mortem"].name, "post-mortem")
    t.equal(built.shown[1].lines[2], { usage = "close #12", about = "the same for incident 12" })
    t.equal(built.shown[2].aliases, { "post-mortem", "pm" })
  end,

  ["the operator's words are added, and shown"] = function(t)
    local built = assert(command_words.build(COMMANDS, {
      close = { name = "fermer", aliases = { "fin" }, about = "c'est fini" },
      ["post-mortem"] = { name = "bilan", about = { "ce qu'on apprend" } },
    }))
    for _, word in ipairs { "close", "fermer", "fin" } do t.equal(built.by_word[word].name, "close") end
    t.equal(built.shown[1], {
      lines = {
        { usage = "fermer", about = "c'est fini" }, { usage = "fermer #12", about = "the same for incident 12" },
      },
      aliases = { "close", "fin" },
    })
    t.equal(built.shown[2].lines, { { usage = "bilan", about = "ce qu'on apprend" } })
  end,

  ["a word calls one command"] = function(t)
    t.equal(wrong { close = { aliases = { "fin", "pm" } } }, { "calls `post-mortem` already", "close.aliases[2]" })
    t.equal(wrong { close = { name = "post mortem" } }, { "calls `post-mortem` already", "close.name" })
    t.equal(wrong { clos = { aliases = {} } }, { 'is no subcommand (did you mean "close"?)', "clos" })
    assert(command_words.build(COMMANDS, { close = { aliases = { "close" } } }))
  end,
}
