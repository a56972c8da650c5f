/* engine.html - HTML that is escaped by construction: only html.raw says otherwise. */
/* A node is a table that holds finished HTML: a page is built from the leaves up. */
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NODE "engine.html.node" /* metatable of tables whose [1] is finished HTML */

enum { DEPTH_MAX = 50, LIST_MAX = 100000 };

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcasecmp(word, *list) == 0)
            return true;
    return false;
}

static bool is_void(const char *tag)
{
    static const char *const TAGS[] = { "area", "base", "br",    "col",    "embed", "hr",  "img",
                                        "link", "meta", "input", "source", "track", "wbr", NULL };
    return is_one_of(tag, TAGS);
}

/* What is in them is not read as HTML: escaped text would be wrong there, and foreign text unsafe. */
static bool holds_code(const char *tag)
{
    static const char *const TAGS[] = { "script", "style", NULL };
    return is_one_of(tag, TAGS);
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
        case '\0':
            luaL_addstring(out, "\xEF\xBF\xBD");
            break;
        default:
            luaL_addchar(out, text[i]);
        }
    }
}

/* throws. Pushes the escaped text of the string or number at <index>. */
static void push_escaped(lua_State *L, int index)
{
    size_t len;
    luaL_Buffer out;
    lua_pushvalue(L, index);
    const char *text = lua_tolstring(L, -1, &len);
    luaL_buffinit(L, &out);
    add_escaped(&out, text, len);
    luaL_pushresult(&out);
    lua_remove(L, -2);
}

/*** Escapes a text for use in HTML, also within attributes.
 * @function html.escape(text)
 * @param text string
 * @return string html
 * @nowait
 */
static int l_html_escape(lua_State *L)
{
    luaL_checkstring(L, 1);
    push_escaped(L, 1);
    return 1;
}

/* throws. Pops the text on top and pushes it as a node. */
static int push_node(lua_State *L)
{
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    luaL_setmetatable(L, NODE);
    return 1;
}

/*** Takes a text as HTML as it is: for what is known to be safe.
 * @function html.raw(text)
 * @param text string
 * @return html.Node node
 * @nowait
 */
static int l_html_raw(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    return push_node(L);
}

/* ---- parts: the list at the stack index <parts> of the texts that a node is joined from */

/* throws. Pops the text on top. */
static void add_part(lua_State *L, int parts)
{
    lua_rawseti(L, parts, (lua_Integer)lua_rawlen(L, parts) + 1);
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

static bool is_node(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    bool is_same = luaL_getmetatable(L, NODE) == LUA_TTABLE && lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is_same;
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

/* throws. Adds the node at <index>: nil and false are nothing, texts are escaped, lists are their
 * nodes. */
static void add_node(lua_State *L, int index, int parts, int depth)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, "html: too deep");
    int type = lua_type(L, index);
    if (type == LUA_TNIL || (type == LUA_TBOOLEAN && !lua_toboolean(L, index)))
        return;
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        push_escaped(L, index);
        add_part(L, parts);
        return;
    }
    if (type != LUA_TTABLE)
        luaL_error(L, "html: a %s is no node", lua_typename(L, type));
    if (is_node(L, index)) {
        lua_rawgeti(L, index, 1);
        add_part(L, parts);
        return;
    }
    if (depth == DEPTH_MAX)
        luaL_error(L, "html: lists within lists, more than %d deep", DEPTH_MAX);
    lua_Integer count = list_length(L, index);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_node(L, -1, parts, depth + 1);
        lua_pop(L, 1);
    }
}

/* ---- elements */

static void check_name(lua_State *L, const char *what, const char *name)
{
    const char *at = name;
    if (isalpha((unsigned char)*at))
        while (isalnum((unsigned char)*at) || (at > name && *at && strchr("-_:", *at)))
            at++;
    if (at == name || *at)
        luaL_error(L, "html.element: \"%s\" is no name of an %s", name, what);
}

/* throws for an address that would run as a script. Browsers skip control characters and blanks. */
static void check_address(lua_State *L, const char *name, const char *value)
{
    static const char *const ADDRESSES[] = { "href", "src", "action", "formaction", "data", NULL };
    static const char *const SCHEMES[] = { "javascript:", "vbscript:", "data:", NULL };
    char start[16];
    size_t len = 0;
    if (!is_one_of(name, ADDRESSES))
        return;
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

/* throws. Adds ' name="value"' of the attribute whose name is on top; the name is popped. */
static void add_attribute(lua_State *L, int attributes, int parts)
{
    int at = lua_gettop(L);
    const char *name = lua_tostring(L, at);
    check_name(L, "attribute", name);
    if (strncasecmp(name, "on", 2) == 0)
        luaL_error(L, "html.element: attributes.%s: scripts live in files", name);
    lua_pushvalue(L, at);
    int type = lua_rawget(L, attributes);
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        push_escaped(L, -1);
        lua_pushvalue(L, -2);
        check_address(L, name, lua_tostring(L, -1));
        lua_pop(L, 1);
        lua_pushfstring(L, " %s=\"%s\"", name, lua_tostring(L, -1));
        add_part(L, parts);
    } else if (type != LUA_TBOOLEAN) {
        luaL_error(L, "html.element: attributes.%s: expected a text, number or boolean, got %s",
                   name, lua_typename(L, type));
    } else if (lua_toboolean(L, -1)) {
        lua_pushfstring(L, " %s", name);
        add_part(L, parts);
    }
    lua_settop(L, at - 1);
}

/* throws. In the order of their names, so that a page is the same each time. */
static void add_attributes(lua_State *L, int attributes, int parts)
{
    options_push_names(L, attributes, "html.element: attributes");
    int names = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, names);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, names, i);
        add_attribute(L, attributes, parts);
    }
    lua_pop(L, 1);
}

/* throws. The nodes from index 3 to <last>. */
static void add_children(lua_State *L, const char *tag, int last, int parts)
{
    bool takes_raw_only = holds_code(tag);
    for (int i = 3; i <= last; i++) {
        if (takes_raw_only && !lua_isnil(L, i) && !is_node(L, i))
            luaL_error(L, "html.element: what is in <%s> must be html.raw", tag);
        add_node(L, i, parts, 0);
    }
}

/*** Makes an element. Texts are escaped; a list counts as its nodes; nil and false are left out.
 * @function html.element(tag, attributes, ...)
 * @param tag string "div"
 * @param attributes table<string, string|number|boolean>|nil true: an attribute without a value,
 *   false: none. Event handlers ("onclick") and script addresses ("javascript:") are refused.
 * @param ... any the nodes within: texts, numbers, elements, html.raw, lists of them
 * @return html.Node node
 * @nowait
 */
static int l_html_element(lua_State *L)
{
    const char *tag = luaL_checkstring(L, 1);
    int last = lua_gettop(L);
    check_name(L, "element", tag);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        luaL_argcheck(L, !is_node(L, 2), 2, "attributes come before the nodes (nil for none)");
    }
    if (is_void(tag) && last > 2)
        return luaL_error(L, "html.element: <%s> holds nothing", tag);
    lua_newtable(L);
    int parts = lua_gettop(L);
    lua_pushfstring(L, "<%s", tag);
    add_part(L, parts);
    if (last >= 2 && !lua_isnil(L, 2))
        add_attributes(L, 2, parts);
    lua_pushliteral(L, ">");
    add_part(L, parts);
    add_children(L, tag, last, parts);
    if (!is_void(tag)) {
        lua_pushfstring(L, "</%s>", tag);
        add_part(L, parts);
    }
    push_joined(L, parts);
    return push_node(L);
}

/*** The text of a node or of a list of nodes.
 * @function html.render(node)
 * @param node any
 * @return string html
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
 * @return string html
 * @nowait
 */
static int l_html_document(lua_State *L)
{
    lua_pushliteral(L, "<!doctype html>\n");
    lua_insert(L, 1);
    lua_settop(L, 2);
    lua_newtable(L);
    add_node(L, 2, 3, 0);
    push_joined(L, 3);
    lua_replace(L, 2);
    lua_settop(L, 2);
    lua_pushliteral(L, "\n");
    lua_concat(L, 3);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "escape", l_html_escape }, { "raw", l_html_raw },           { "element", l_html_element },
    { "render", l_html_render }, { "document", l_html_document }, { NULL, NULL },
};

int luaopen_engine_html(lua_State *L)
{
    if (luaL_newmetatable(L, NODE)) {
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
    }
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
