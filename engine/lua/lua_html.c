/* engine.html - HTML that is escaped by construction: only html.raw says otherwise. */
/* A node is a table that holds finished HTML: a page is built from the leaves up, each element in one buffer that is
 * kept from element to element. Nothing of a script runs meanwhile. */
#include "base/buf.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NODE "engine.html.node" /* metatable of tables whose [1] is finished HTML */

#define BUILDER "engine.html.builder"

enum {
    DEPTH_MAX = 50,
    LIST_MAX = 100000,
    ATTRIBUTES_MAX = 100,
    KEPT_BYTES = 256 << 10,
    HTML_MOST = 32 << 20
};

/* Upvalues of each function. */
enum { UPVALUE_BUILDER = 1, UPVALUE_NODE, UPVALUES = 2 };

struct builder {
    struct buf out;
    const void *node; /* the metatable of nodes */
};

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

/* The builder, with nothing in it. */
static struct builder *begin(lua_State *L)
{
    struct builder *builder = lua_touserdata(L, lua_upvalueindex(UPVALUE_BUILDER));
    buf_clear(&builder->out);
    return builder;
}

/* throws. Pushes what was built. */
static void push_built(lua_State *L, struct builder *builder)
{
    lua_pushlstring(L, buf_text(&builder->out), builder->out.len);
    if (builder->out.cap > KEPT_BYTES)
        buf_fini(&builder->out);
}

static int l_builder_gc(lua_State *L)
{
    struct builder *builder = lua_touserdata(L, 1);
    buf_fini(&builder->out);
    return 0;
}

/* What stands for a character, or NULL: itself. */
static const char *escape_of(char c)
{
    static const char *const ESCAPES[64] = {
        ['\0'] = "\xEF\xBF\xBD", ['&'] = "&amp;",  ['<'] = "&lt;",
        ['>'] = "&gt;",          ['"'] = "&quot;", ['\''] = "&#39;",
    };
    unsigned char byte = (unsigned char)c;
    return byte < 64 ? ESCAPES[byte] : NULL;
}

static void add_escaped(struct buf *out, const char *text, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        const char *escape = escape_of(text[i]);
        if (!escape)
            continue;
        buf_append(out, text + kept, i - kept);
        buf_puts(out, escape);
        kept = i + 1;
    }
    buf_append(out, text + kept, len - kept);
}

/* Adds the escaped text of the string or number at <index>. */
static void add_text(lua_State *L, struct builder *builder, int index)
{
    size_t len;
    lua_pushvalue(L, index); /* a number stays one */
    const char *text = lua_tolstring(L, -1, &len);
    add_escaped(&builder->out, text, len);
    lua_pop(L, 1);
}

/*** Escapes a text for use in HTML, also within attributes.
 * @function html.escape(text)
 * @param text string
 * @return string html
 * @nowait
 */
static int l_html_escape(lua_State *L)
{
    struct builder *builder = begin(L);
    luaL_checkstring(L, 1);
    add_text(L, builder, 1);
    push_built(L, builder);
    return 1;
}

/* throws. Pops the text on top and pushes it as a node. */
static int push_node(lua_State *L)
{
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_NODE));
    lua_setmetatable(L, -2);
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

/* ---- nodes */

static bool is_node(lua_State *L, const struct builder *builder, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    bool is_same = lua_topointer(L, -1) == builder->node;
    lua_pop(L, 1);
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

static void add_node(lua_State *L, struct builder *builder, int index, int depth);

static void add_table(lua_State *L, struct builder *builder, int index, int depth)
{
    if (is_node(L, builder, index)) {
        size_t len;
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

/* throws. Adds the node at <index>: nil and false are nothing, texts are escaped, lists are their
 * nodes. */
static void add_node(lua_State *L, struct builder *builder, int index, int depth)
{
    luaL_checkstack(L, 8, "html: too deep");
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        break;
    case LUA_TSTRING:
    case LUA_TNUMBER:
        add_text(L, builder, index);
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

/* throws. Adds ' name="value"' of an attribute. */
static void add_attribute(lua_State *L, struct builder *builder, int attributes, const char *name)
{
    struct buf *out = &builder->out;
    check_name(L, "attribute", name);
    if (strncasecmp(name, "on", 2) == 0)
        luaL_error(L, "html.element: attributes.%s: scripts live in files", name);
    lua_pushstring(L, name);
    int type = lua_rawget(L, attributes);
    bool is_text = type == LUA_TSTRING || type == LUA_TNUMBER;
    if (!is_text && type != LUA_TBOOLEAN)
        luaL_error(L, "html.element: attributes.%s: expected a text, number or boolean, got %s",
                   name, lua_typename(L, type));
    if (is_text || lua_toboolean(L, -1)) {
        buf_putc(out, ' ');
        buf_puts(out, name);
    }
    if (is_text) {
        buf_append(out, "=\"", 2);
        add_text(L, builder, lua_gettop(L));
        buf_putc(out, '"');
        check_address(L, name, lua_tostring(L, -1));
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
        if (takes_raw_only && !lua_isnil(L, i) && !is_node(L, builder, i))
            luaL_error(L, "html.element: what is in <%s> must be html.raw", tag);
        add_node(L, builder, i, 0);
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
    struct builder *builder = begin(L);
    struct buf *out = &builder->out;
    const char *tag = luaL_checkstring(L, 1);
    int last = lua_gettop(L);
    check_name(L, "element", tag);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        luaL_argcheck(L, !is_node(L, builder, 2), 2,
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
    push_built(L, builder);
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
    struct builder *builder = begin(L);
    lua_settop(L, 1);
    add_node(L, builder, 1, 0);
    push_built(L, builder);
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
    struct builder *builder = begin(L);
    lua_settop(L, 1);
    buf_puts(&builder->out, "<!doctype html>\n");
    add_node(L, builder, 1, 0);
    buf_putc(&builder->out, '\n');
    push_built(L, builder);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "escape", l_html_escape }, { "raw", l_html_raw },           { "element", l_html_element },
    { "render", l_html_render }, { "document", l_html_document }, { NULL, NULL },
};

/* Pushes the builder, which knows the metatable on top. */
static void push_builder(lua_State *L)
{
    const void *node = lua_topointer(L, -1);
    struct builder *builder = lua_newuserdatauv(L, sizeof(*builder), 0);
    *builder = (struct builder){ .node = node };
    if (luaL_newmetatable(L, BUILDER)) {
        lua_pushcfunction(L, l_builder_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

int luaopen_engine_html(lua_State *L)
{
    luaL_newlibtable(L, FUNCTIONS);
    if (luaL_newmetatable(L, NODE)) {
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
    }
    push_builder(L);
    lua_insert(L, -2); /* UPVALUE_BUILDER, UPVALUE_NODE */
    luaL_setfuncs(L, FUNCTIONS, UPVALUES);
    return 1;
}
