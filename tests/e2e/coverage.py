"""Which of the words, clicks, forms and events that the app answers to no end-to-end test has sent. The list is the router's own."""
import json

from harness import World

# A task of the engine under test that prints what its registry knows; of commands, every word that calls one.
LISTING = """
local json = require "engine.json"
local registry = require "slack.registry"
local function names(map)
  local list = json.array {}
  for name in pairs(map) do list[#list + 1] = name end
  return list
end
return {
  about = "What the app answers to",
  tasks = { ["test.listing"] = { about = "Prints it", run = function(ctx)
    local patterns = json.array {}
    for i, rule in ipairs(registry.action_patterns) do patterns[i] = rule[1] end
    ctx:note { output = json.encode {
      command = names(registry.vocabulary().by_word), action = names(registry.actions), pattern = patterns,
      submission = names(registry.submissions), shortcut = names(registry.shortcuts), options = names(registry.options),
      event = names(registry.events),
    } }
  end } },
}
"""


def known(binary):
    """What the app answers to: { kind: [name] }."""
    world = World(binary)
    try:
        world.write("strategies/integrations/listing.lua", LISTING)
        engine = world.engine()
        printed = world.cli("task", "run", "test.listing").stdout
        engine.process.stop()
        return json.loads(next(line for line in printed.splitlines() if line.startswith("{")))
    finally:
        world.close(failed=False)


def word_of(text, words):
    """The longest of the command words that a typed text begins with, as the router reads it."""
    typed = text.lower().split()
    return next((" ".join(typed[:count]) for count in (3, 2, 1) if " ".join(typed[:count]) in words), None)


def matches(pattern, name):
    """A Lua pattern of the form ^prefix, with what is special in it left out."""
    return name.startswith(pattern.lstrip("^").rstrip(".+*"))


def missing(listed, sent):
    """The names of <listed> that are not in <sent>, a set of (kind, name), each as "kind name"."""
    done = set(sent)
    done |= {("command", word_of(text, listed["command"])) for kind, text in sent if kind == "command"}
    done |= {("pattern", pattern) for pattern in listed["pattern"] for kind, name in sent if kind == "action" and matches(pattern, name)}
    return sorted(f"{kind} {name}" for kind, names in listed.items() for name in names if (kind, name) not in done)
