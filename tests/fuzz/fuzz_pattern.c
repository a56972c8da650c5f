/* Two lines and the rest as pattern, replacement and text: find, match, gmatch and gsub answer what Lua's own library
 * answers. Short ones only, because Lua's own may take for ever. */
#include "base/mem.h"
#include "lua/string_patterns.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <string.h>

enum { PATTERN_MOST = 12, TEXT_MOST = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char DRIVER[] =
    "local stock, ours = ...\n"
    "local function answer(fn, ...)\n"
    "  local values = table.pack(pcall(fn, ...))\n"
    "  for i = 1, values.n do\n"
    "    values[i] = math.type(values[i]) or type(values[i]) .. ':' .. tostring(values[i])\n"
    "  end\n"
    "  if not values[1]:find 'true' then return 'error' end\n"
    "  return table.concat(values, '|', 1, values.n)\n"
    "end\n"
    "local function all_of(find)\n"
    "  return function(text, pattern)\n"
    "    local list = {}\n"
    "    for a, b, c in find(text, pattern) do\n"
    "      list[#list + 1] = tostring(a) .. ',' .. tostring(b) .. ',' .. tostring(c)\n"
    "    end\n"
    "    return table.concat(list, ';')\n"
    "  end\n"
    "end\n"
    "local function same(a, b, ...)\n"
    "  return answer(a, ...) == answer(b, ...)\n"
    "end\n"
    "return function(pattern, replacement, text)\n"
    "  return same(stock.find, ours.find, text, pattern)\n"
    "    and same(stock.find, ours.find, text, pattern, -2)\n"
    "    and same(stock.match, ours.match, text, pattern, 2)\n"
    "    and same(all_of(stock.gmatch), all_of(ours.gmatch), text, pattern)\n"
    "    and same(stock.gsub, ours.gsub, text, pattern, replacement)\n"
    "    and same(stock.gsub, ours.gsub, text, pattern, replacement, 2)\n"
    "end\n";

static lua_State *start(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    REQUIRE(luaL_loadstring(L, DRIVER) == LUA_OK);
    lua_getglobal(L, "string");
    lua_newtable(L);
    string_patterns_install(L);
    REQUIRE(lua_pcall(L, 2, 1, 0) == LUA_OK);
    return L;
}

/* Pushes what comes before the next line feed, and moves on behind it. */
static void push_line(lua_State *L, const char **at, const char *end, size_t most)
{
    const char *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    size_t len = (size_t)((stop ? stop : end) - *at);
    lua_pushlstring(L, *at, len < most ? len : most);
    *at = stop ? stop + 1 : end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    if (!L)
        L = start();
    const char *at = (const char *)data, *end = at + size;
    lua_pushvalue(L, 1);
    push_line(L, &at, end, PATTERN_MOST);
    push_line(L, &at, end, PATTERN_MOST);
    lua_pushlstring(L, at, (size_t)(end - at) < TEXT_MOST ? (size_t)(end - at) : TEXT_MOST);
    REQUIRE(lua_pcall(L, 3, 1, 0) == LUA_OK && lua_toboolean(L, -1));
    lua_settop(L, 1);
    return 0;
}
