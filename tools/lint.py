#!/usr/bin/env python3
"""The rules of the house that no compiler checks. Prints file:line: what is wrong (how to mend it); exit 1 on any.

Runs over engine/ (all rules) and tests/ (includes and line lengths). Standard library only.
"""
import pathlib
import re
import sys

FLOORS = ["base", "loop", "store", "net", "core", "api", "lua", "cli"]
# A library's header -> the floors that may include it.
HEADER_HOMES = [
    (re.compile(r"(lua|lauxlib|lualib|luaconf)\.h$"), {"lua"}),
    (re.compile(r"sqlite3\.h$"), {"store"}),
    (re.compile(r"curl/"), {"net", "loop"}),
    (re.compile(r"event2/|event\.h$|evhttp\.h$"), {"net", "loop"}),
]
VENDOR = re.compile(r"slack|pagerduty|jira|confluence", re.IGNORECASE)
FORBIDDEN = {
    "strcpy": "use buf_puts() or memcpy() with a known size",
    "strcat": "use buf_puts()",
    "strncpy": "use memcpy() and a NUL, or snprintf()",
    "strncat": "use buf_append()",
    "sprintf": "use buf_printf() or snprintf()",
    "vsprintf": "use buf_vprintf()",
    "gets": "use fgets()",
    "alloca": "use xmalloc() and AUTO_FREE",
    "assert": "use REQUIRE() or CHECK_FAIL()",
}
FORBIDDEN_CALL = re.compile(r"(?<![\w.>])(" + "|".join(FORBIDDEN) + r")\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LONGEST_LINE = 120
LONGEST_FUNCTION = 80
# name( after a return type, at the beginning of a line of a header
DECLARATION = re.compile(r"^(?!typedef|static_assert|_Static_assert|#|\s|\*|/|})[\w\s*]*?[\s*]\w+\s*\(")
FUNCTION_START = re.compile(r"^(?!typedef|struct \w+ \{|enum|union|#|\s|/|\*|})\w[\w\s*]*[\s*](\w+)\s*\(")

problems = []


def report(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def blank_out(text, strings):
    """The text with comments (and strings, if asked) turned to spaces, so that lines and columns stay."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        found = match.group(0)
        if found[0] in "\"'" and not strings:
            return found
        return re.sub(r"[^\n]", " ", found)

    return re.sub(pattern, blank, text, flags=re.DOTALL)


def check_includes(path, floor, lines):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, header = match.group(1) == '"', match.group(2)
        for pattern, homes in HEADER_HOMES:
            if pattern.match(header) and floor not in homes:
                where = " and ".join(f"engine/{home}" for home in sorted(homes))
                report(path, number, f"<{header}> belongs to {where} only (call a function of that floor)")
        if not quoted:
            continue
        other = header.split("/")[0]
        if "/" not in header or other not in FLOORS:
            report(path, number, f'"{header}" is no floor\'s header (write "base/err.h")')
        elif FLOORS.index(other) > FLOORS.index(floor):
            report(path, number, f"{floor} includes {header}, a higher floor (move the code up, or pass a function in)")


def check_lines(path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE and path.suffix != ".sql":
            report(path, number, f"{len(line)} columns (break the line; {LONGEST_LINE} is the limit, 100 the aim)")
        if "\t" in line:
            report(path, number, "a tab (use 4 spaces)")
        if line != line.rstrip():
            report(path, number, "blanks at the end of the line (remove them)")


def check_words(path, lines, code_lines):
    for number, line in enumerate(lines, 1):
        match = VENDOR.search(line)
        if match:
            report(path, number, f'vendor name "{match.group(0)}" in the engine (policy belongs into Lua)')
    for number, line in enumerate(code_lines, 1):
        match = FORBIDDEN_CALL.search(line)
        if match:
            report(path, number, f"{match.group(1)}() is not used here ({FORBIDDEN[match.group(1)]})")


def check_header(path, lines, code_lines):
    """Every function has a contract: a comment on its line, or above it in the same paragraph."""
    if not any(line.startswith("#pragma once") for line in lines):
        report(path, 1, "no #pragma once (add it below the comment at the top)")
    if not lines[0].startswith("/*"):
        report(path, 1, "no comment at the top (say what the module owns and what it must not do)")
    has_comment = False
    for number, (line, code) in enumerate(zip(lines, code_lines), 1):
        if not line.strip():
            has_comment = False
        has_comment = has_comment or line != code
        if DECLARATION.match(code) and not has_comment and not closes_with_comment(lines, code_lines, number):
            report(path, number, "a function without a contract (say above it what it accepts, returns and frees)")


def closes_with_comment(lines, code_lines, number):
    """A declaration over several lines may carry its comment behind the semicolon."""
    for line, code in zip(lines[number - 1:number + 4], code_lines[number - 1:number + 4]):
        if ";" in code:
            return line != code
    return False


def check_functions(path, code_lines):
    start = 0
    name = ""
    for number, line in enumerate(code_lines, 1):
        match = FUNCTION_START.match(line)
        if match:
            name = match.group(1)
        if line.startswith("{") or (match and line.rstrip().endswith("{")):
            start = number
        if line.startswith("}") and start:
            length = number - start
            if name and length > LONGEST_FUNCTION and not line.startswith("};"):
                report(path, start, f"{name}() has {length} lines (split it; {LONGEST_FUNCTION} is the limit, 40 the aim)")
            start = 0
            name = ""


def check_engine_file(path):
    floor = path.parts[1]
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    check_lines(path, lines)
    if path.suffix == ".sql":
        check_words(path, lines, [])
        return
    code_lines = blank_out(text, strings=True).split("\n")
    comment_lines = blank_out(text, strings=False).split("\n")
    if floor in FLOORS:
        check_includes(path, floor, comment_lines)
    else:
        report(path, 1, f"engine/{floor} is no floor (one of {', '.join(FLOORS)})")
    check_words(path, lines, code_lines)
    check_functions(path, code_lines)
    if path.suffix == ".h":
        check_header(path, lines, comment_lines)


def check_test_file(path):
    check_lines(path, path.read_text(encoding="utf-8").split("\n"))


def main():
    root = pathlib.Path(".")
    if not (root / "engine").is_dir():
        sys.exit("tools/lint.py: run it from the checkout's root (there is no engine/ here)")
    files = sorted(p for p in root.glob("engine/**/*") if p.suffix in (".c", ".h", ".sql"))
    for path in files:
        check_engine_file(path)
    tests = sorted(p for p in root.glob("tests/**/*.[ch]"))
    for path in tests:
        check_test_file(path)
    print("\n".join(problems) if problems else f"lint: {len(files) + len(tests)} C files keep the rules")
    sys.exit(1 if problems else 0)


main()
