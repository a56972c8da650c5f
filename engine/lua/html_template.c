/* html_template - elements that are built once and filled often: html.hole marks the places. */
#include "lua/html_build.h"

#include <lauxlib.h>
#include <string.h>

enum { HOLES_MAX = 100 };

/* A text that is as it is, and the hole behind it. */
struct piece {
    size_t from;
    size_t len;
    char kind; /* enum hole_kind; 0: the end */
};

/* Names of the holes are in a table: 1, 2, ... in the order of the pieces. */
struct template
{
    const char *text; /* borrowed from the string that the function keeps */
    int count;        /* of holes; there is one piece more */
    struct piece pieces[HOLES_MAX + 1];
};

/* Upvalues of a template's function, behind those of each function. */
enum {
    UPVALUE_TEMPLATE = UPVALUES + 1,
    UPVALUE_NAMES,
    UPVALUE_TEXT,
    TEMPLATE_UPVALUES = UPVALUE_TEXT
};

/* throws. Adds the value at <index> to an attribute. */
static void fill_attribute(lua_State *L, struct builder *builder, int index, bool is_address)
{
    if (!lua_isstring(L, index))
        luaL_error(L, "html: \"%s\" is an attribute: expected a text or number, got %s",
                   lua_tostring(L, index - 1), luaL_typename(L, index));
    html_add_text(L, builder, index);
    if (is_address)
        html_check_address(L, lua_tostring(L, index - 1), lua_tostring(L, index));
}

/* throws. Adds what hole <number> gets from the table at 1. */
static void fill(lua_State *L, struct builder *builder, int number, char kind)
{
    lua_rawgeti(L, lua_upvalueindex(UPVALUE_NAMES), number);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) == LUA_TNIL)
        luaL_error(L, "html: nothing was given for \"%s\" (false for nothing)",
                   lua_tostring(L, -2));
    int index = lua_gettop(L);
    if (kind == HOLE_NODE)
        html_add_node(L, builder, index);
    else
        fill_attribute(L, builder, index, kind == HOLE_ADDRESS);
    lua_pop(L, 2);
}

static int l_fill(lua_State *L)
{
    const struct template *template = lua_touserdata(L, lua_upvalueindex(UPVALUE_TEMPLATE));
    struct builder *builder = html_begin(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    for (int i = 0; i <= template->count; i++) {
        const struct piece *piece = &template->pieces[i];
        buf_append(&builder->out, template->text + piece->from, piece->len);
        if (piece->kind)
            fill(L, builder, i + 1, piece->kind);
    }
    html_push_built(L, builder);
    return html_push_node(L, builder->is_open);
}

/* throws. The name that the marker at <mark> gives; <end> is the end of the text. What html.raw was
 * given may have a NUL that marks nothing. */
static const char *marked_name(lua_State *L, const char *mark, const char *end)
{
    static const char KINDS[] = { HOLE_NODE, HOLE_ATTRIBUTE, HOLE_ADDRESS };
    bool is_mark = memchr(KINDS, mark[1], sizeof(KINDS));
    if (!is_mark || !memchr(mark + 2, '\0', (size_t)(end - mark - 2)))
        luaL_error(L, "html.template: a NUL character");
    return mark + 2;
}

/* throws. Cuts the text into pieces, and puts the names into the table on top. */
static void cut(lua_State *L, struct template *template, const char *text, size_t len)
{
    const char *from = text, *end = text + len, *mark;
    template->text = text;
    while ((mark = memchr(from, '\0', (size_t)(end - from)))) {
        const char *name = marked_name(L, mark, end);
        if (template->count == HOLES_MAX)
            luaL_error(L, "html.template: more than %d holes", HOLES_MAX);
        template->pieces[template->count++] = (struct piece){ .from = (size_t)(from - text),
                                                              .len = (size_t)(mark - from),
                                                              .kind = mark[1] };
        lua_pushstring(L, name);
        lua_rawseti(L, -2, template->count);
        from = name + strlen(name) + 1;
    }
    template->pieces[template->count] =
        (struct piece){ .from = (size_t)(from - text), .len = (size_t)(end - from) };
}

int html_template(lua_State *L)
{
    struct builder *builder = html_begin(L);
    luaL_argcheck(L, html_is_node(L, builder, 1), 1, "expected an element with holes");
    lua_settop(L, 1);
    lua_rawgeti(L, 1, 1);
    size_t len;
    const char *text = lua_tolstring(L, 2, &len);
    for (int i = 1; i <= UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    struct template *template = lua_newuserdatauv(L, sizeof(*template), 0);
    memset(template, 0, sizeof(*template));
    lua_newtable(L);
    cut(L, template, text, len);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, l_fill, TEMPLATE_UPVALUES);
    return 1;
}
