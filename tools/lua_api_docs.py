#!/usr/bin/env python3
"""Writes the reference of the Lua API from the sources: docs/lua-api.md for people, docs/meta/ for editors (LuaLS).

A binding's file begins with "/* engine.NAME - what it is". Above each function stands a block:

    /*** What it does.
     * @function name.fn(a, b)
     * @param a TYPE [text]          TYPE as LuaLS writes it; may hold blanks within brackets
     * @return TYPE NAME [text]      one line a result
     * @yields                       or @nowait
     */

and a module's plain members are "/*** @field name.member TYPE text". The modules of one subject come from the table of
the kernel's operations. With --check nothing is written: exit 1 when a function has no block, a block does not fit
its function, or a generated file is stale. Standard library only.
"""
import pathlib
import re
import sys

ENGINE = pathlib.Path("engine")
BLOCK = re.compile(r"/\*\*\* ?(.*?)\*/\n(?:static int (\w+)\(lua_State)?", re.DOTALL)
HEAD = re.compile(r"/\* engine\.(\w+) - (.*?)\*/", re.DOTALL)
MODULE_ROW = re.compile(r'\{\s*"engine\.(\w+)",\s*luaopen_engine_\w+,\s*(\w+)\s*\}')
REGISTERED = re.compile(r"static const luaL_Reg FUNCTIONS\[\] = \{(.*?)\n?\};", re.DOTALL)
ENTRY = re.compile(r'\{\s*"(\w+)",\s*(\w+)\s*\}')
SUBJECT = re.compile(r'luaopen_engine_(\w+)\(lua_State \*L\)\s*\{\s*return open_subject\(L, "(\w+)"\);')
OPERATIONS = re.compile(r"const struct op \w+_OPS\[\] = \{(.*?)\n\};", re.DOTALL)
OPERATION = re.compile(r'\{\s*"([\w.]+)",\s*(true|false|OP_WRITES_REPEATABLY),\s*\w+,\s*((?:"(?:\\.|[^"\\])*"\s*)+)\}')
CLOSING = {"{": "}", "(": ")", "[": "]", "<": ">"}

MD_HEAD = """\
# Lua API

What scripts may call. Made from the sources by `make docs`; do not edit. How to write a script is in
[strategies.md](strategies.md); for completion in an editor with LuaLS, add `docs/meta` to its workspace library.

- `local http = require "engine.http"` and so on. `require "slack.client"` is the file `scripts/slack/client.lua`.
  Scripts have no `io`, `os`, `debug`, `load` or `coroutine`; an unknown global is an error.
- What can fail answers its value, or `nil, err`: `err.code` is one of [these](errors.md), `err.message` (also
  `tostring(err)`) says it for people, `err.retryable` whether trying again may help; `err.field` names a wrong argument.
- A mistake in the script itself (a wrong type, an unknown option) throws, naming the argument.
- **waits**: the call may take time, and other tasks run meanwhile. Such a call cannot be made at a file's top level,
  nor within `table.sort`, `string.gsub` or `__tostring`.
- Durations are texts, `"150ms"`, `"15s"`, `"5m"`, `"1h"`, `"2d"`, or milliseconds. Instants are milliseconds since 1970.
"""
TYPES = """\
--- What a call that failed answers after nil.
---@class Error
---@field code string one of docs/errors.md
---@field message string for people; tostring(err) gives it
---@field retryable boolean trying again later may work
---@field status integer? a vendor's HTTP status
---@field field string? the argument that is wrong
---@field outcome "unknown"|"not_sent"|nil of http.request: whether the request may have arrived
---@field retry_after_ms integer? not before

--- Who carries out an operation; nil is the engine itself, which sees private incidents.
---@class Actor
---@field person string? a person's id
---@field source string? "chat", "web", "script"
---@field sees_private boolean?

--- A piece of finished HTML, made by html.element and html.raw.
---@class html.Node

--- What a route's handler is given.
---@class Request
---@field method string
---@field path string
---@field query table<string, string>
---@field headers table<string, string> names in lower case
---@field body string raw bytes
---@field params table<string, string> of the route's path
---@field peer string
---@field started_us integer

--- What a route's handler returns.
---@class Response
---@field status integer? 200
---@field headers table<string, string|string[]>?
---@field body string?
---@field content_type string?
---@field after function? runs in a task of its own once the answer was handed over
---@field websocket function? the request becomes a WebSocket connection; runs in a task of its own and is given it

--- A WebSocket connection, for the functions of engine.websocket.
---@class engine.Socket

--- What a service is given.
---@class Service
---@field name string
---@field status fun(ctx: Service, text: string) how it is, for /healthz

--- What a handler of an event, a job or a task is given.
---@class Context
---@field job_id integer
---@field attempt integer 1 for the first
---@field created_at_ms integer when the job was made
---@field incident_id integer?
---@field unknown boolean the attempt before may have had its effect: look before you repeat it
---@field progress table what note() kept
---@field note fun(ctx: Context, values: table): boolean?, Error? keeps values durably
"""

problems = []


def report(path, text):
    problems.append(f"{path}: {text}")


def plain(text):
    """A comment's text without the stars, on one line."""
    return " ".join(re.sub(r"^\s*\*? ?", "", line).strip() for line in text.strip().split("\n")).strip()


def split_type(text):
    """("string|nil", "rest"): the type ends at the first blank outside of brackets."""
    depth = 0
    for at, char in enumerate(text):
        if char in CLOSING:
            depth += 1
        elif char in CLOSING.values():
            depth -= 1
        elif char == " " and depth == 0:
            return text[:at], text[at + 1:].strip()
    return text, ""


def split_word(text):
    word, _, rest = text.partition(" ")
    return word, rest.strip()


def tags_of(text):
    """[("", about), ("param", "..."), ...] of one block."""
    tags = [["", ""]]
    for line in text.strip().split("\n"):
        line = re.sub(r"^\s*\* ?", "", line).strip()
        found = re.match(r"@(\w+) ?(.*)", line)
        if found:
            tags.append([found.group(1), found.group(2)])
        else:
            tags[-1][1] = f"{tags[-1][1]} {line}".strip()
    return tags


class Function:
    """One block above a function."""

    def __init__(self, tags):
        self.about = tags[0][1]
        self.signature = next((text for tag, text in tags if tag == "function"), "")
        self.name = self.signature.split("(")[0]
        self.arguments = [word.strip() for word in self.signature.partition("(")[2].rstrip(")").split(",") if word.strip()]
        self.params = [(name, *split_type(rest)) for name, rest in (split_word(text) for tag, text in tags if tag == "param")]
        self.returns = []
        for tag, text in tags:
            if tag == "return":
                kind, rest = split_type(text)
                self.returns.append((kind, *split_word(rest)))
        self.waits = any(tag == "yields" for tag, _ in tags)
        self.marks = sum(tag in ("yields", "nowait") for tag, _ in tags)

    def check(self, path, module):
        if not self.name.startswith(module + "."):
            report(path, f"{self.name or self.about}: the block must say @function {module}.…")
        if [name for name, _, _ in self.params] != self.arguments:
            report(path, f"{self.name}: @param lines do not fit ({', '.join(self.arguments)})")
        if self.marks != 1:
            report(path, f"{self.name}: say either @yields or @nowait")
        for kind, name, _ in self.returns:
            if not re.fullmatch(r"[a-z_]+", name):
                report(path, f"{self.name}: @return {kind} needs a name")


class Module:
    """What one binding's file says."""

    def __init__(self, name, about):
        self.name, self.about = name, about
        self.functions, self.fields = [], []
        self.invite = False


def read_binding(path):
    text = path.read_text(encoding="utf-8")
    head = HEAD.match(text)
    if not head:
        return None, text
    module = Module(head.group(1), plain(head.group(2)))
    blocks = {}
    for body, c_name in BLOCK.findall(text):
        tags = tags_of(body)
        for tag, rest in tags:
            if tag == "field":
                name, rest = split_word(rest)
                module.fields.append((name, *split_type(rest)))
        if any(tag == "function" for tag, _ in tags):
            blocks[c_name] = Function(tags)
    for table in REGISTERED.findall(text):
        for lua_name, c_name in ENTRY.findall(table):
            if c_name not in blocks:
                report(path, f"{lua_name} has no doc block (write /*** … @function {module.name}.{lua_name}() … */ above {c_name})")
            elif blocks[c_name].name != f"{module.name}.{lua_name}":
                report(path, f"{c_name} is registered as {lua_name}, its block says {blocks[c_name].name}")
            else:
                module.functions.append(blocks[c_name])
    for function in blocks.values():
        function.check(path, module.name)
    return module, text


def read_operations():
    rows = []
    for path in sorted(ENGINE.glob("core/*.c")):
        for table in OPERATIONS.findall(path.read_text(encoding="utf-8")):
            for name, writes, texts in OPERATION.findall(table):
                about = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', texts)).replace('\\"', '"')
                rows.append((name, writes != "false", about))
    return sorted(rows)


def read_modules():
    found, subjects = {}, {}
    for path in sorted(ENGINE.glob("lua/lua_*.c")):
        module, text = read_binding(path)
        subjects.update(SUBJECT.findall(text))
        if module:
            found[module.name] = module
    listing = ENGINE / "lua" / "lua_api.c"
    modules = []
    for name, kinds in MODULE_ROW.findall(listing.read_text(encoding="utf-8")):
        module = found.get(name)
        if name in subjects:
            module = Module(name, f"The kernel's operations of the subject {subjects[name]}.")
        if not module:
            report(listing, f'engine.{name}: no file begins with "/* engine.{name} - …"')
            continue
        module.invite = kinds == "EVERYONE"
        modules.append(module)
    return modules, subjects


# ---- docs/lua-api.md

def sentence(text):
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", ":", "*")) else text + "."


def cell(text):
    return text.replace("|", "\\|")


def md_function(function):
    lines = [f"### `{function.signature}`", ""]
    lines.append(sentence(function.about) + (" **waits**" if function.waits else ""))
    items = [f"- `{name}` `{kind}`" + (f" {text}" if text else "") for name, kind, text in function.params]
    items += [f"- returns `{name}` `{kind}`" + (f" {text}" if text else "") for kind, name, text in function.returns]
    return lines + ([""] + items if items else []) + [""]


def md_subject(module, subject, operations):
    lines = [f"`{module.name}.NAME(args, actor)` is `kernel.call(\"{subject}.NAME\", args, actor)`. **waits**", ""]
    lines += ["| function | arguments, what it does -> answer |", "|---|---|"]
    for name, _, about in operations:
        if name.startswith(subject + "."):
            lines.append(f"| `{module.name}.{name[len(subject) + 1:]}` | {cell(about)} |")
    return lines + [""]


def markdown(modules, subjects, operations):
    lines = [MD_HEAD, "## Modules", ""]
    for module in modules:
        jail = " (also in invite strategies)" if module.invite else ""
        lines.append(f"- [engine.{module.name}](#engine{module.name}): {sentence(module.about)}{jail}")
    lines.append("")
    for module in modules:
        lines += [f"## engine.{module.name}", "", sentence(module.about), ""]
        lines += [f"- `{name}` `{kind}` {text}" for name, kind, text in module.fields]
        lines += [""] if module.fields else []
        for function in module.functions:
            lines += md_function(function)
        if module.name in subjects:
            lines += md_subject(module, subjects[module.name], operations)
    lines += ["## The kernel's operations", "", "| operation | writes | arguments, what it does -> answer |", "|---|---|---|"]
    lines += [f"| `{name}` | {'yes' if writes else ''} | {cell(about)} |" for name, writes, about in operations]
    return "\n".join(lines) + "\n"


# ---- docs/meta: what LuaLS reads; the path of a file is the name that `require` gives it

META_MARK = "-- Made from the sources by `make docs`; do not edit.\n"


def meta_function(function):
    lines = [f"--- {sentence(function.about)}" + (" (waits)" if function.waits else "")]
    lines += [f"---@param {name} {kind} {text}".rstrip() for name, kind, text in function.params]
    lines += [f"---@return {kind} {name} {text}".rstrip() for kind, name, text in function.returns]
    local = function.name.rpartition(".")[2]
    return lines + [f"function M.{local}({', '.join(function.arguments)}) end", ""]


def meta_subject(subject, operations):
    lines = []
    for name, _, about in operations:
        if name.startswith(subject + "."):
            lines += [f"--- {about}", "---@param args table?", "---@param actor Actor?", "---@return any answer",
                      "---@return Error? err", f"function M.{name[len(subject) + 1:]}(args, actor) end", ""]
    return lines


def meta_module(module, subjects, operations):
    lines = [f"---@meta engine.{module.name}", META_MARK, f"--- {sentence(module.about)}", f"---@class engine.{module.name}"]
    lines += [f"---@field {name.rpartition('.')[2]} {kind} {text}" for name, kind, text in module.fields]
    lines += ["---@field [string] any"] if module.name == "config" else []
    lines += ["local M = {}", ""]
    for function in module.functions:
        lines += meta_function(function)
    if module.name in subjects:
        lines += meta_subject(subjects[module.name], operations)
    return "\n".join(lines + ["return M", ""])


def render():
    modules, subjects = read_modules()
    operations = read_operations()
    meta = pathlib.Path("docs/meta")
    files = {pathlib.Path("docs/lua-api.md"): markdown(modules, subjects, operations)}
    files[meta / "halligan.lua"] = f"---@meta\n{META_MARK}\n{TYPES}"
    for module in modules:
        files[meta / "engine" / f"{module.name}.lua"] = meta_module(module, subjects, operations)
    return files


def stale(files):
    for path, text in files.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            report(path, "stale (run `make docs`)")
    for path in pathlib.Path("docs/meta").glob("**/*.lua"):
        if path not in files:
            report(path, "belongs to no module (run `make docs`)")


def write(files):
    for path in pathlib.Path("docs/meta").glob("**/*.lua"):
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main():
    if not ENGINE.is_dir():
        sys.exit("tools/lua_api_docs.py: run it from the checkout's root (there is no engine/ here)")
    files = render()
    if "--check" in sys.argv[1:]:
        stale(files)
    elif not problems:
        write(files)
    print("\n".join(problems) if problems else f"docs: {len(files)} files of the Lua API are as the sources say")
    sys.exit(1 if problems else 0)


main()
