/* engine.html - HTML that is escaped by construction: only html.raw says otherwise. */
/* A node is a table that holds finished HTML: a page is built from the leaves up, each element in one buffer that is
 * kept from element to element. Nothing of a script runs meanwhile. */
#include "lua/html_build.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NODE "engine.html.node" /* metatable of tables whose [1] is finished HTML */

#define OPEN "engine.html.open"

enum { ATTRIBUTES_MAX = 100 };

static bool is_void(const char *tag)
{
    static const char *const TAGS[] = { "area", "base", "br",    "col",    "embed", "hr",  "img",
                                        "link", "meta", "input", "source", "track", "wbr", NULL };
    return html_is_one_of(tag, TAGS);
}

/* What is in them is not read as HTML: escaped text would be wrong there, and foreign text unsafe. */
static bool holds_code(const char *tag)
{
    static const char *const TAGS[] = { "script", "style", NULL };
    return html_is_one_of(tag, TAGS);
}

/*** Escapes a text for use in HTML, also within attributes.
 * @function html.escape(text)
 * @param text string
 * @return string html
 * @nowait
 */
static int l_html_escape(lua_State *L)
{
    struct builder *builder = html_begin(L);
    luaL_checkstring(L, 1);
    html_add_text(L, builder, 1);
    html_push_built(L, builder);
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
    return html_push_node(L, false);
}

/* ---- elements */

static void check_name(lua_State *L, const char *what, const char *name)
{
    const char *at = name;
    if (isalpha((unsigned char)*at))
        while (isalnum((unsigned char)*at) || (at > name && *at && strchr("-_:", *at)))
            at++;
    if (at == name || *at)
        luaL_error(L, "html: \"%s\" is no name of %s", name, what);
}

/* throws. Adds the place for the value of the attribute <name>. */
static void add_hole(struct builder *builder, const char *name, const char *mark)
{
    struct buf *out = &builder->out;
    size_t name_len = strlen(mark + 2);
    buf_append(out, "=\"", 2);
    buf_putc(out, '\0');
    buf_putc(out, html_takes_address(name) ? HOLE_ADDRESS : HOLE_ATTRIBUTE);
    buf_append(out, mark + 2, name_len + 1);
    buf_putc(out, '"');
    builder->is_open = true;
}

/* throws. Adds ' name="value"' of an attribute. */
static void add_attribute(lua_State *L, struct builder *builder, int attributes, const char *name)
{
    struct buf *out = &builder->out;
    check_name(L, "an attribute", name);
    if (strncasecmp(name, "on", 2) == 0)
        luaL_error(L, "html.element: attributes.%s: scripts live in files", name);
    lua_pushstring(L, name);
    int type = lua_rawget(L, attributes);
    bool is_text = type == LUA_TSTRING || type == LUA_TNUMBER;
    const char *hole = type == LUA_TTABLE ? html_hole(L, builder, lua_gettop(L)) : NULL;
    if (!is_text && !hole && type != LUA_TBOOLEAN)
        luaL_error(L, "html.element: attributes.%s: expected a text, number or boolean, got %s",
                   name, lua_typename(L, type));
    if (is_text || hole || lua_toboolean(L, -1)) {
        buf_putc(out, ' ');
        buf_puts(out, name);
    }
    if (hole)
        add_hole(builder, name, hole);
    if (is_text) {
        buf_append(out, "=\"", 2);
        html_add_text(L, builder, lua_gettop(L));
        buf_putc(out, '"');
        if (html_takes_address(name))
            html_check_address(L, name, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* throws. In the order of their names, so that a page is the same each time. */
static void add_attributes(lua_State *L, struct builder *builder, int attributes)
{
    const char *names[ATTRIBUTES_MAX]; /* kept by the table */
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, attributes); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "html.element: attributes: names are texts, got %s",
                       luaL_tolstring(L, -2, NULL));
        if (count == ATTRIBUTES_MAX)
            luaL_error(L, "html.element: more than %d attributes", ATTRIBUTES_MAX);
        names[count++] = lua_tostring(L, -2);
    }
    if (count > 1)
        qsort(names, count, sizeof(*names), by_text);
    for (size_t i = 0; i < count; i++)
        add_attribute(L, builder, attributes, names[i]);
}

/* throws. The nodes from index 3 to <last>. */
static void add_children(lua_State *L, struct builder *builder, const char *tag, int last)
{
    bool takes_raw_only = holds_code(tag);
    for (int i = 3; i <= last; i++) {
        if (takes_raw_only && !lua_isnil(L, i) && !html_is_node(L, builder, i))
            luaL_error(L, "html.element: what is in <%s> must be html.raw", tag);
        html_add_node(L, builder, i);
    }
    if (takes_raw_only && builder->is_open)
        luaL_error(L, "html.element: no hole within <%s>", tag);
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
    struct builder *builder = html_begin(L);
    struct buf *out = &builder->out;
    const char *tag = luaL_checkstring(L, 1);
    int last = lua_gettop(L);
    check_name(L, "an element", tag);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        luaL_argcheck(L, !html_is_node(L, builder, 2), 2,
                      "attributes come before the nodes (nil for none)");
    }
    bool is_alone = is_void(tag);
    if (is_alone && last > 2)
        return luaL_error(L, "html.element: <%s> holds nothing", tag);
    buf_putc(out, '<');
    buf_puts(out, tag);
    if (last >= 2 && !lua_isnil(L, 2))
        add_attributes(L, builder, 2);
    buf_putc(out, '>');
    add_children(L, builder, tag, last);
    if (!is_alone) {
        buf_append(out, "</", 2);
        buf_puts(out, tag);
        buf_putc(out, '>');
    }
    html_push_built(L, builder);
    return html_push_node(L, builder->is_open);
}

/*** A place in an element that html.template fills: a node, or the value of an attribute.
 * @function html.hole(name)
 * @param name string "title"
 * @return html.Node hole
 * @nowait
 */
static int l_html_hole(lua_State *L)
{
    struct builder *builder = html_begin(L);
    const char *name = luaL_checkstring(L, 1);
    check_name(L, "a hole", name);
    buf_putc(&builder->out, '\0');
    buf_putc(&builder->out, HOLE_NODE);
    buf_puts(&builder->out, name);
    buf_putc(&builder->out, '\0');
    html_push_built(L, builder);
    return html_push_node(L, true);
}

/*** Makes a function of an element with holes: fill{title = "..."} is the element with what the table
 * gives for each hole, as html.element would have taken it. The frame of a row of a long list is so
 * built once and not for each row.
 * @function html.template(node)
 * @param node html.Node
 * @return function fill a hole for which nothing is given is an error (false: nothing)
 * @nowait
 */
static int l_html_template(lua_State *L)
{
    return html_template(L);
}

/* throws. Adds the node at 1, which must have no holes. */
static void add_finished(lua_State *L, struct builder *builder)
{
    html_add_node(L, builder, 1);
    if (builder->is_open)
        luaL_error(L, "html: a hole that was not filled");
}

/*** The text of a node or of a list of nodes.
 * @function html.render(node)
 * @param node any
 * @return string html
 * @nowait
 */
static int l_html_render(lua_State *L)
{
    struct builder *builder = html_begin(L);
    lua_settop(L, 1);
    add_finished(L, builder);
    html_push_built(L, builder);
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
    struct builder *builder = html_begin(L);
    lua_settop(L, 1);
    buf_puts(&builder->out, "<!doctype html>\n");
    add_finished(L, builder);
    buf_putc(&builder->out, '\n');
    html_push_built(L, builder);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "escape", l_html_escape },     { "raw", l_html_raw },
    { "element", l_html_element },   { "hole", l_html_hole },
    { "template", l_html_template }, { "render", l_html_render },
    { "document", l_html_document }, { NULL, NULL },
};

/* Pushes the metatable <name>, which scripts do not get at. */
static void push_metatable(lua_State *L, const char *name)
{
    if (luaL_newmetatable(L, name)) {
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
    }
}

int luaopen_engine_html(lua_State *L)
{
    luaL_newlibtable(L, FUNCTIONS);
    push_metatable(L, NODE);
    push_metatable(L, OPEN);
    html_push_builder(L);
    lua_insert(L, -3); /* UPVALUE_BUILDER, UPVALUE_NODE, UPVALUE_OPEN */
    luaL_setfuncs(L, FUNCTIONS, UPVALUES);
    return 1;
}
