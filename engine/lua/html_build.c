#include "lua/html_build.h"

#include "base/utf8.h"

#include <lauxlib.h>
#include <string.h>
#include <strings.h>

#define BUILDER "engine.html.builder"

enum { DEPTH_MAX = 50, LIST_MAX = 100000, KEPT_BYTES = 256 << 10, HTML_MOST = 32 << 20 };

bool html_is_one_of(const char *word, const char *const *list)
{
    char first = (char)(word[0] | 0x20); /* of a letter: the small one */
    for (; *list; list++)
        if (first == **list && strcasecmp(word, *list) == 0)
            return true;
    return false;
}

static int l_builder_gc(lua_State *L)
{
    struct builder *builder = lua_touserdata(L, 1);
    buf_fini(&builder->out);
    return 0;
}

void html_push_builder(lua_State *L)
{
    const void *node = lua_topointer(L, -2);
    const void *open = lua_topointer(L, -1);
    struct builder *builder = lua_newuserdatauv(L, sizeof(*builder), 0);
    *builder = (struct builder){ .node = node, .open = open };
    if (luaL_newmetatable(L, BUILDER)) {
        lua_pushcfunction(L, l_builder_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

struct builder *html_begin(lua_State *L)
{
    struct builder *builder = lua_touserdata(L, lua_upvalueindex(UPVALUE_BUILDER));
    buf_clear(&builder->out);
    builder->is_open = false;
    return builder;
}

void html_push_built(lua_State *L, struct builder *builder)
{
    lua_pushlstring(L, buf_text(&builder->out), builder->out.len);
    if (builder->out.cap > KEPT_BYTES)
        buf_fini(&builder->out);
}

int html_push_node(lua_State *L, bool is_open)
{
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(is_open ? UPVALUE_OPEN : UPVALUE_NODE));
    lua_setmetatable(L, -2);
    return 1;
}

/* ---- texts */

enum { ESCAPES_END = 64, TURNING = 0xe2 /* what characters that turn the direction begin with */ };

/* What stands for a character, or NULL: itself. */
static const char *const ESCAPES[ESCAPES_END] = {
    ['\0'] = "\xEF\xBF\xBD", ['&'] = "&amp;",  ['<'] = "&lt;",
    ['>'] = "&gt;",          ['"'] = "&quot;", ['\''] = "&#39;",
};

static const char *escape_of(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < ESCAPES_END ? ESCAPES[byte] : NULL;
}

/* The highest bit of each of the eight bytes that may not stay, and perhaps of some behind the first of them. */
static uint64_t needs_look(uint64_t bytes)
{
    const uint64_t ones = UINT64_MAX / 255, highs = ones * 0x80;
    uint64_t angle = (bytes | (ones * 2)) ^ (ones * '>'); /* '<' too */
    uint64_t quote = (bytes | (ones * 4)) ^ (ones * '&'); /* '"' too */
    uint64_t single = bytes ^ (ones * '\'');
    uint64_t turning = bytes ^ (ones * TURNING);
    uint64_t found = ((angle - ones) & ~angle) | ((quote - ones) & ~quote) |
                     ((single - ones) & ~single) | ((turning - ones) & ~turning) |
                     ((bytes - ones) & ~bytes);
    return found & highs;
}

/* Where the first byte from <at> on is that may not stay; <len>: all stay. */
static size_t skip_plain(const char *text, size_t at, size_t len)
{
    uint64_t bytes;
    for (; at + sizeof(bytes) <= len; at += sizeof(bytes)) {
        memcpy(&bytes, text + at, sizeof(bytes));
        if (needs_look(bytes))
            break;
    }
    while (at < len && (unsigned char)text[at] != TURNING && !escape_of(text[at]))
        at++;
    return at;
}

/* Foreign words must not turn the words around them: overrides of the direction are left out. */
static void add_escaped(struct buf *out, const char *text, size_t len)
{
    size_t kept = 0, at = 0;
    while ((at = skip_plain(text, at, len)) < len) {
        const char *escape = escape_of(text[at]);
        size_t gone = escape ? 1 : utf8_override(text + at, len - at);
        if (gone) {
            buf_append(out, text + kept, at - kept);
            if (escape)
                buf_puts(out, escape);
            kept = at + gone;
        }
        at += gone ? gone : 1;
    }
    buf_append(out, text + kept, len - kept);
}

void html_add_text(lua_State *L, struct builder *builder, int index)
{
    size_t len;
    if (lua_isinteger(L, index)) {
        buf_put_int(&builder->out, lua_tointeger(L, index));
        return;
    }
    lua_pushvalue(L, index); /* a number stays one */
    const char *text = lua_tolstring(L, -1, &len);
    add_escaped(&builder->out, text, len);
    lua_pop(L, 1);
}

/* ---- nodes */

/* The metatable of the value at <index>; NULL: it has none. */
static const void *metatable_of(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return NULL;
    const void *metatable = lua_topointer(L, -1);
    lua_pop(L, 1);
    return metatable;
}

bool html_is_node(lua_State *L, const struct builder *builder, int index)
{
    const void *metatable = metatable_of(L, index);
    return metatable && (metatable == builder->node || metatable == builder->open);
}

const char *html_hole(lua_State *L, const struct builder *builder, int index)
{
    if (metatable_of(L, index) != builder->open)
        return NULL;
    size_t len;
    lua_rawgeti(L, index, 1);
    const char *text = lua_tolstring(L, -1, &len);
    lua_pop(L, 1); /* the node keeps it */
    return text[0] == '\0' && strlen(text + 1) + 2 == len ? text : NULL;
}

/* throws. The largest index of the list at <index>, which may have gaps (nil is no node). */
static lua_Integer list_length(lua_State *L, int index)
{
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2))
            luaL_error(L, "html: a list of nodes has no member \"%s\"",
                       luaL_tolstring(L, -2, NULL));
        if (lua_tointeger(L, -2) > count)
            count = lua_tointeger(L, -2);
    }
    if (count > LIST_MAX)
        luaL_error(L, "html: a list of more than %d nodes", LIST_MAX);
    return count;
}

static void add_node(lua_State *L, struct builder *builder, int index, int depth);

static void add_table(lua_State *L, struct builder *builder, int index, int depth)
{
    const void *metatable = metatable_of(L, index);
    if (metatable && (metatable == builder->node || metatable == builder->open)) {
        size_t len;
        builder->is_open |= metatable == builder->open;
        lua_rawgeti(L, index, 1);
        const char *html = lua_tolstring(L, -1, &len);
        buf_append(&builder->out, html, len);
        lua_pop(L, 1);
        return;
    }
    if (depth == DEPTH_MAX)
        luaL_error(L, "html: lists within lists, more than %d deep", DEPTH_MAX);
    lua_Integer count = list_length(L, index);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_node(L, builder, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
}

static void add_node(lua_State *L, struct builder *builder, int index, int depth)
{
    luaL_checkstack(L, 8, "html: too deep");
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        break;
    case LUA_TSTRING:
    case LUA_TNUMBER:
        html_add_text(L, builder, index);
        break;
    case LUA_TTABLE:
        add_table(L, builder, index, depth);
        break;
    default:
        if (!lua_isboolean(L, index) || lua_toboolean(L, index))
            luaL_error(L, "html: a %s is no node", luaL_typename(L, index));
    }
    if (builder->out.len > HTML_MOST)
        luaL_error(L, "html: more than %d MB", HTML_MOST >> 20);
}

void html_add_node(lua_State *L, struct builder *builder, int index)
{
    add_node(L, builder, index, 0);
}

/* ---- addresses */

bool html_takes_address(const char *name)
{
    static const char *const ADDRESSES[] = { "href", "src", "action", "formaction", "data", NULL };
    return html_is_one_of(name, ADDRESSES);
}

/* Browsers skip control characters and blanks. */
void html_check_address(lua_State *L, const char *name, const char *value)
{
    static const char *const SCHEMES[] = { "javascript:", "vbscript:", "data:", NULL };
    char start[16];
    size_t len = 0;
    for (; *value && len < sizeof(start) - 1; value++)
        if ((unsigned char)*value > ' ')
            start[len++] = *value;
    start[len] = '\0';
    bool is_image = strncasecmp(start, "data:image/", 11) == 0;
    for (int i = 0; SCHEMES[i] && !is_image; i++)
        if (strncasecmp(start, SCHEMES[i], strlen(SCHEMES[i])) == 0)
            luaL_error(L, "html.element: attributes.%s: %s is not an address to go to", name,
                       SCHEMES[i]);
}
