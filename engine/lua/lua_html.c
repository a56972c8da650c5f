/* engine.html - HTML that is escaped by construction: only html.raw says otherwise. */
#include "lua/lua_modules.h"
#include "lua/lua_util.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define RAW "engine.html.raw" /* a table with this metatable holds finished HTML at [1] */

static const char *const VOID_ELEMENTS[] = { "area",  "base", "br",   "col",    "hr",  "img",
                                             "input", "link", "meta", "source", "wbr", NULL };

static bool is_void(const char *tag)
{
    for (int i = 0; VOID_ELEMENTS[i]; i++)
        if (!strcmp(VOID_ELEMENTS[i], tag))
            return true;
    return false;
}

static void add_escaped(luaL_Buffer *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '&':
            luaL_addstring(out, "&amp;");
            break;
        case '<':
            luaL_addstring(out, "&lt;");
            break;
        case '>':
            luaL_addstring(out, "&gt;");
            break;
        case '"':
            luaL_addstring(out, "&quot;");
            break;
        case '\'':
            luaL_addstring(out, "&#39;");
            break;
        default:
            luaL_addchar(out, text[i]);
        }
    }
}

/*** Escapes a text for use in HTML, also within attributes.
 * @function html.escape(text)
 * @param text string
 * @return string
 * @nowait
 */
static int l_html_escape(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    add_escaped(&out, text, len);
    luaL_pushresult(&out);
    return 1;
}

/* throws. Pops the string on top and pushes it as finished HTML. */
static int push_raw(lua_State *L)
{
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    luaL_setmetatable(L, RAW);
    return 1;
}

/*** Takes a text as HTML as it is. For what is known to be safe.
 * @function html.raw(text)
 * @param text string
 * @return table a node
 * @nowait
 */
static int l_html_raw(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    return push_raw(L);
}

/* throws. Appends the string on top to the parts in the table at <parts>; pops it. */
static void add_part(lua_State *L, int parts)
{
    lua_rawseti(L, parts, (lua_Integer)lua_rawlen(L, parts) + 1);
}

/* throws. Adds the node at <index>: nil and false are nothing, texts are escaped, lists are their
 * nodes. */
static void add_node(lua_State *L, int index, int parts, int depth)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, "html: too deep");
    if (depth > 50)
        luaL_error(L, "html: lists within lists, more than 50 deep");
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return;
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, index))
            luaL_error(L, "html: true is no node");
        return;
    case LUA_TNUMBER:
    case LUA_TSTRING:
        lua_pushcfunction(L, l_html_escape);
        lua_pushvalue(L, index);
        lua_tostring(L, -1);
        lua_call(L, 1, 1);
        add_part(L, parts);
        return;
    case LUA_TTABLE:
        break;
    default:
        luaL_error(L, "html: a %s is no node", luaL_typename(L, index));
    }
    if (lua_getmetatable(L, index)) {
        bool is_raw = luaL_getmetatable(L, RAW) && lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
        if (is_raw) {
            lua_rawgeti(L, index, 1);
            add_part(L, parts);
            return;
        }
    }
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        if (lua_isinteger(L, -2) && lua_tointeger(L, -2) > count)
            count = lua_tointeger(L, -2);
        else if (!lua_isinteger(L, -2))
            luaL_error(L, "html: a list of nodes has no member \"%s\"",
                       luaL_tolstring(L, -2, NULL));
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_node(L, -1, parts, depth + 1);
        lua_pop(L, 1);
    }
}

/* throws. Pushes the text of all parts. */
static void push_joined(lua_State *L, int parts)
{
    luaL_Buffer out;
    lua_Integer count = (lua_Integer)lua_rawlen(L, parts);
    luaL_buffinit(L, &out);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, parts, i);
        luaL_addvalue(&out);
    }
    luaL_pushresult(&out);
}

static void check_name(lua_State *L, const char *name)
{
    if (!isalpha((unsigned char)name[0]))
        luaL_error(L, "html.element: \"%s\" is no name", name);
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '-')
            luaL_error(L, "html.element: \"%s\" is no name", name);
}

/* throws. Adds ' name="value"' for each attribute of the table at 2, sorted by name so that pages
 * are the same each time. */
static void add_attributes(lua_State *L, int parts)
{
    lua_newtable(L);
    int names = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "html.element: attributes must have names");
        lua_pushvalue(L, -2);
        lua_rawseti(L, names, (lua_Integer)lua_rawlen(L, names) + 1);
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, names);
    lua_call(L, 1, 0);
    lua_Integer count = (lua_Integer)lua_rawlen(L, names);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, names, i);
        const char *name = lua_tostring(L, -1);
        check_name(L, name);
        if (!strncasecmp(name, "on", 2))
            luaL_error(L, "html.element: \"%s\": scripts live in files", name);
        lua_getfield(L, 2, name);
        if (lua_isboolean(L, -1)) {
            if (lua_toboolean(L, -1)) {
                lua_pushfstring(L, " %s", name);
                add_part(L, parts);
            }
        } else {
            luaL_checkstring(L, -1);
            lua_pushcfunction(L, l_html_escape);
            lua_pushvalue(L, -2);
            lua_call(L, 1, 1);
            lua_pushfstring(L, " %s=\"%s\"", name, lua_tostring(L, -1));
            add_part(L, parts);
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
    }
    lua_settop(L, names - 1);
}

/*** Makes an element. Texts are escaped; a list counts as its nodes; nil and false are left out.
 * @function html.element(tag, attributes, ...)
 * @param tag string "div"
 * @param attributes table|nil name -> string, number, or true for one without a value
 * @param ... any the nodes within
 * @return table a node
 * @nowait
 */
static int l_html_element(lua_State *L)
{
    const char *tag = luaL_checkstring(L, 1);
    int last = lua_gettop(L);
    check_name(L, tag);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_newtable(L);
    int parts = lua_gettop(L);
    lua_pushfstring(L, "<%s", tag);
    add_part(L, parts);
    if (last >= 2 && lua_istable(L, 2))
        add_attributes(L, parts);
    lua_pushliteral(L, ">");
    add_part(L, parts);
    for (int i = 3; i <= last; i++) {
        if (!strcmp(tag, "script") && lua_type(L, i) == LUA_TSTRING)
            return luaL_error(L, "html.element: the text of a script must be html.raw");
        add_node(L, i, parts, 0);
    }
    if (!is_void(tag)) {
        lua_pushfstring(L, "</%s>", tag);
        add_part(L, parts);
    } else if (last > 2) {
        return luaL_error(L, "html.element: <%s> holds nothing", tag);
    }
    push_joined(L, parts);
    return push_raw(L);
}

/*** The text of a node or of a list of nodes.
 * @function html.render(node)
 * @param node any
 * @return string
 * @nowait
 */
static int l_html_render(lua_State *L)
{
    lua_settop(L, 1);
    lua_newtable(L);
    add_node(L, 1, 2, 0);
    push_joined(L, 2);
    return 1;
}

/*** The text of a whole document, with its document type.
 * @function html.document(node)
 * @param node any the <html> element
 * @return string
 * @nowait
 */
static int l_html_document(lua_State *L)
{
    l_html_render(L);
    lua_pushfstring(L, "<!doctype html>\n%s\n", lua_tostring(L, -1));
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "escape", l_html_escape }, { "raw", l_html_raw },           { "element", l_html_element },
    { "render", l_html_render }, { "document", l_html_document }, { NULL, NULL },
};

int luaopen_engine_html(lua_State *L)
{
    luaL_newmetatable(L, RAW);
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
