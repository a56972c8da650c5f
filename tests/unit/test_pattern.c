/* pattern: the same answers as Lua's own string library, and an end to those that would never come. */
#include "unit.h"

#include "lua/pattern.h"
#include "lua/string_patterns.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

/* Gives `ours` and `stock`, and same(name, ...): both libraries' answers to the same call, compared. */
static const char DRIVER[] =
    "local function answer(fn, ...)\n"
    "  local values = table.pack(pcall(fn, ...))\n"
    "  if not values[1] then values[2] = tostring(values[2]):gsub(\"to '.-'\", '') end\n"
    "  for i = 1, values.n do values[i] = math.type(values[i]) or type(values[i]) .. ':' .. tostring(values[i]) end\n"
    "  return table.concat(values, '|', 1, values.n)\n"
    "end\n"
    "function all_of(find)\n"
    "  return function(text, pattern, init)\n"
    "    local list = {}\n"
    "    for a, b, c in find(text, pattern, init) do\n"
    "      list[#list + 1] = tostring(a) .. ',' .. tostring(b) .. ',' .. tostring(c)\n"
    "    end\n"
    "    return table.concat(list, ';')\n"
    "  end\n"
    "end\n"
    "function same(name, ...)\n"
    "  local a, b = stock[name], ours[name]\n"
    "  if name == 'gmatch' then a, b = all_of(a), all_of(b) end\n"
    "  local wanted, got = answer(a, ...), answer(b, ...)\n"
    "  if wanted ~= got then\n"
    "    local args = table.pack(...)\n"
    "    for i = 1, args.n do args[i] = ('%q'):format(type(args[i]) == 'string' and args[i] or "
    "tostring(args[i])) end\n"
    "    error(('%s %s: wanted %s, got %s'):format(name, table.concat(args, ', '), wanted, got))\n"
    "  end\n"
    "end\n";

static int set_up(void **context)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_getglobal(L, "string");
    lua_setglobal(L, "stock");
    lua_newtable(L);
    string_patterns_install(L);
    lua_setglobal(L, "ours");
    *context = L;
    return luaL_dostring(L, DRIVER) != LUA_OK;
}

static int tear_down(void **context)
{
    lua_close(*context);
    return 0;
}

static void run(lua_State *L, const char *text)
{
    if (luaL_dostring(L, text) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
}

static void what_the_manual_says(void **context)
{
    run(*context,
        "local s = 'key = value, THE (quick) [fox] 12 a%b'\n"
        "for _, p in ipairs { '', '^', '$', '^$', 'a', '.', '^k', '%w+', '^(%w+)%s*=%s*(%w+)', '()', '(()k)', "
        "'%b()', '%b[]',"
        "    '%f[%w]%w+', '%f[%a]%u+%f[%A]', '(.)%1', '((.)%2)', '[^%s,]+', '[]]', '[^]]', '[a-c-]', '[%a-z]', "
        "'[a-]', '.-,', '.*,',"
        "    '%%', 'a%%b', '[%%]', '%d+$', '(%d*)', 'x*', 'x-', 'x?', 'kx?e', '[[]', '%[', '-', 'e-y', '%S+$', "
        "'(%a+)(%s)' } do\n"
        "  for _, name in ipairs { 'find', 'match', 'gmatch' } do\n"
        "    for init = -3, 5 do same(name, s, p, init) end\n"
        "    same(name, '', p) same(name, 'a\\0b', p) same(name, s, p, 100) same(name, s, p, -100)\n"
        "  end\n"
        "  for _, r in ipairs { '', '<%0>', '%1%1', '%2', '%%', 'x', 7 } do same('gsub', s, p, r) same('gsub', "
        "s, p, r, 2) end\n"
        "  same('gsub', s, p, {}) same('gsub', s, p, { key = 'K', [''] = '-', a = 1, e = false })\n"
        "  same('gsub', s, p, function(a, b) return b end) same('gsub', s, p, function(a) return a and "
        "#tostring(a) end)\n"
        "end\n"
        "same('find', s, 'THE (', 1, true) same('find', s, '', 40, true) same('find', s, 'zz', 1, true)\n"
        "same('gsub', s, '%w', '%0', -1) same('gsub', s, '%w', '%0', 0) same('find', 'a\\0c', '\\0c')\n"
        "same('match', 12345, 3) same('gsub', 12, 1, 2)\n");
}

static void what_is_wrong_is_said_alike(void **context)
{
    run(*context,
        "for _, p in ipairs { '%', 'a%', '[', '[a', '[^', '[%', '[]', '[a-', '(', '(()', ')', 'a)', '%1', "
        "'(%1)', '(a)%2', '%b',"
        "    '%bx', '%f', '%fa', '%f[', '%f[a', ('(a)'):rep(33), ('(a'):rep(32), '%0', '[a]%' } do\n"
        "  for _, name in ipairs { 'find', 'match', 'gmatch' } do same(name, 'aaaa', p) same(name, '', p) end\n"
        "  same('gsub', 'aaaa', p, 'x')\n"
        "end\n"
        "same('gsub', 'abc', 'b', '%') same('gsub', 'abc', 'b', '%x') same('gsub', 'abc', '(b)', '%2') "
        "same('gsub', 'abc', 'b', '%1')\n"
        "same('gsub', 'abc', 'b', function() return {} end) same('gsub', 'abc', 'b', { b = true }) same('gsub', "
        "'abc', 'b', true)\n"
        "same('find', {}, 'a') same('find', 'a') same('gsub', 'a', 'a') same('gmatch', 'a')\n"
        "same('find', 'a', ('(a'):rep(300)) same('match', ('a'):rep(300), ('a?'):rep(300))\n");
}

/* Short patterns over few characters, so that they often match; seeded, and the seed is said. */
static void random_patterns(void **context)
{
    const char *seed_text = getenv("HALLIGAN_SEED");
    unsigned seed = seed_text ? (unsigned)strtoul(seed_text, NULL, 10) : 20261128;
    lua_State *L = *context;
    lua_pushinteger(L, seed);
    lua_setglobal(L, "seed");
    run(L,
        "math.randomseed(seed)\n"
        "local PIECES = { 'a', 'b', '.', '%a', '%d', '%s', '[ab]', '[^a]', '[a-c]', '%b()', '%f[a]', '%f[^a]', "
        "'(', ')', '()', '%1', '%2',"
        "  '*', '+', '-', '?', '^', '$', '%%', '[', ']', '%', ' ' }\n"
        "local LETTERS = { 'a', 'b', 'c', '(', ')', ' ', '1', '%', 'aa', '\\0' }\n"
        "local function text_of(pieces, most)\n"
        "  local list = {}\n"
        "  for i = 1, math.random(0, most) do list[i] = pieces[math.random(#pieces)] end\n"
        "  return table.concat(list)\n"
        "end\n"
        "for n = 1, 20000 do\n"
        "  local subject, pattern = text_of(LETTERS, 10), text_of(PIECES, 7)\n"
        "  for _, name in ipairs { 'find', 'match', 'gmatch' } do same(name, subject, pattern, math.random(-2, "
        "4)) end\n"
        "  same('gsub', subject, pattern, '<%0>') same('gsub', subject, pattern, '%1', math.random(0, 3))\n"
        "end\n");
}

static void what_never_ends_is_an_error(void **context)
{
    run(*context,
        "local bombs = {\n"
        "  { ('a'):rep(28), ('a?'):rep(28) .. ('a'):rep(28) .. 'b' },\n"
        "  { ('a'):rep(5000), ('a*'):rep(8) .. 'b' },\n"
        "  { ('a'):rep(5000), ('.-'):rep(8) .. 'b' },\n"
        "  { ('a'):rep(20000), '(.-)%1%1%1%1b' },\n"
        "  { ('('):rep(60000), '%b()' },\n"
        "  { ('a'):rep(60000), '[' .. ('b'):rep(60000) .. ']' },\n"
        "}\n"
        "for i, bomb in ipairs(bombs) do\n"
        "  for _, name in ipairs { 'find', 'match', 'gsub' } do\n"
        "    local is_fine, why = pcall(ours[name], bomb[1], bomb[2], name == 'gsub' and '' or nil)\n"
        "    assert(not is_fine and why:find('takes too long', 1, true), name .. i .. tostring(why))\n"
        "  end\n"
        "end\n");
}

static void what_takes_long_but_ends_is_answered(void **context)
{
    run(*context,
        "local text = ('line of words, with marks; and so on\\n'):rep(20000)\n"
        "assert(select(2, ours.gsub(text, '%w+', '%0')) == 160000)\n"
        "assert(select(2, ours.gsub(text, '([^\\n]*)\\n', '%1')) == 20000)\n"
        "assert(ours.match(text, '^(.-)%s*$'))\n"
        "local count = 0\n"
        "for _ in ours.gmatch(text, '%f[%w]%w+') do count = count + 1 end\n"
        "assert(count == 160000)\n"
        "assert(not ours.find(('a'):rep(1 << 20), ('a'):rep(1 << 19) .. 'b', 1, true))\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_manual_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_never_ends_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_takes_long_but_ends_is_answered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
