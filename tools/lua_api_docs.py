#!/usr/bin/env python3
"""Writes the reference of the Lua API from the doc blocks above the bindings: docs/lua-api.md for people, docs/halligan.meta.lua for
editors (LuaLS). With --check it writes nothing and fails when a function of a luaL_Reg has no block or a generated file is stale."""
import argparse
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BLOCK = re.compile(r"/\*\*\*(.*?)\*/", re.S)
ENTRY = re.compile(r'\{\s*"([a-z_0-9]+)",\s*(l_[a-z_0-9]+)\s*\}')

CLASSES = """--- An expected failure; tostring() gives the message.
---@class Error
---@field code string one of docs/errors.md
---@field message string
---@field retryable boolean
---@field status? integer a vendor's HTTP status
---@field field? string which argument was wrong
---@field retry_after_ms? integer
---@field outcome? "unknown"|"not_sent"

--- Who does it.
---@class Actor
---@field person? string the person's id
---@field source? string "chat", "web", "script"
---@field sees_private? boolean
"""


class Function:
    def __init__(self, text):
        lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in text.strip().splitlines()]
        tags, current = [], ["about", lines[0]]
        for line in lines[1:]:
            found = re.match(r"@(\w+)\s*(.*)", line)
            if found:
                tags.append(tuple(current))
                current = [found.group(1), found.group(2)]
            else:
                current[1] += " " + line.strip()
        tags.append(tuple(current))
        self.about = " ".join(value for name, value in tags if name == "about").strip()
        self.signature = next((value for name, value in tags if name == "function"), "")
        self.params = [split_typed(value, named=True) for name, value in tags if name == "param"]
        self.returns = [split_typed(value, named=False) for name, value in tags if name == "return"]
        self.waits = not any(name == "nowait" for name, _ in tags)
        self.name = self.signature.split("(")[0]


def split_typed(text, named):
    """"name type rest" or "type rest"; a type in braces or with brackets may hold blanks."""
    name = None
    if named:
        name, _, text = text.partition(" ")
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "{(<[") - (char in "})>]")
        if char == " " and depth == 0:
            return name, text[:at], text[at + 1:].strip()
    return name, text, ""


def read_modules():
    """Module name -> (its file's first comment, functions in the order of the file, names without a block)."""
    modules = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "engine", "lua", "lua_*.c"))):
        with open(path) as source:
            text = source.read()
        head = re.match(r"/\* engine\.(\w+) - (.*?)\*/", text, re.S)
        if not head:
            continue
        about = re.sub(r"\s*\n \*\s*", " ", head.group(2)).strip()
        functions = [Function(block) for block in BLOCK.findall(text)]
        functions = [one for one in functions if one.signature]
        documented = {one.name.split(".")[-1] for one in functions}
        registered = [name for name, _ in ENTRY.findall(text)]
        modules[head.group(1)] = (about, functions, [name for name in registered if name not in documented], path)
    return modules


def typed(kind):
    return f"`{kind}`"


def markdown(modules):
    out = ["# Lua API", "", "Made from the bindings by `make docs`; do not edit. `local http = require \"engine.http\"` and so on.", "",
           "A call that can fail answers `nil, err`: `err.code` is one of [these](errors.md), `err.message` a sentence, `err.retryable` says "
           "whether trying again may help. Misuse (a wrong type, an unknown option) throws. *Waits* means that other work goes on meanwhile.", "",
           "The modules `engine.incidents`, `people`, `conversations`, `usergroups`, `invitations`, `messages`, `reference`, `jobs` and `events` "
           "hold the kernel's operations of that subject: `incidents.declare(args, actor)` is `kernel.call(\"incident.declare\", args, actor)`. "
           "`halligan docs` prints all operations with their arguments.", ""]
    for name, (about, functions, _, _) in modules.items():
        out += [f"## engine.{name}", "", about[0].upper() + about[1:], ""]
        for function in functions:
            out += [f"### {function.signature}", "", function.about + (" *Waits.*" if function.waits else ""), ""]
            for param, kind, text in function.params:
                out.append(f"- `{param}` {typed(kind)} {text}".rstrip())
            for _, kind, text in function.returns:
                out.append(f"- returns {typed(kind)} {text}".rstrip())
            if function.params or function.returns:
                out.append("")
    return "\n".join(out).rstrip() + "\n"


def luals(modules):
    out = ["---@meta", "-- Made from the bindings by `make docs`; do not edit. Teaches editors the Lua API of Halligan.", "", CLASSES]
    for name, (about, functions, _, _) in modules.items():
        out += [f"--- {about}", f"---@class engine.{name}", f"local {name} = {{}}", ""]
        for function in functions:
            if not function.name.startswith(name + "."):
                continue
            out.append(f"--- {function.about}")
            parameters = re.search(r"\((.*)\)", function.signature)
            known = {param: (kind, text) for param, kind, text in function.params}
            for parameter in [one.strip() for one in parameters.group(1).split(",") if one.strip()]:
                kind, text = known.get(parameter, ("any", ""))
                out.append(f"---@param {parameter} {kind} {text}".rstrip())
            for _, kind, text in function.returns:
                out.append(f"---@return {kind} # {text}".rstrip(" #"))
            out += [f"function {function.signature} end", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    modules = read_modules()
    problems = [f"{os.path.relpath(path, ROOT)}: {name} has no doc block (write /*** ... @function ... */ above it)"
                for _, _, missing, path in modules.values() for name in missing]
    for path, text in (("docs/lua-api.md", markdown(modules)), ("docs/halligan.meta.lua", luals(modules))):
        full = os.path.join(ROOT, path)
        if not options.check:
            with open(full, "w") as out:
                out.write(text)
        elif not os.path.exists(full) or open(full).read() != text:
            problems.append(f"{path}: stale, run `make docs`")
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
