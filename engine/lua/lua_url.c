/* engine.url - forms and query strings. */
#include "lua/clean.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"
#include "net/form.h"

#include <string.h>

#define FORM "engine.url.form" /* a boxed struct form, so that an error on the way frees it */

enum { FORM_BYTES_MAX = 4 << 20 };

static int l_form_gc(lua_State *L)
{
    form_fini(lua_touserdata(L, 1));
    return 0;
}

static int parse(lua_State *L)
{
    size_t len;
    struct err err = { 0 };
    const char *text = luaL_checklstring(L, 1, &len);
    if (len > FORM_BYTES_MAX) {
        err_set(&err, ERR_LIMIT, "a form of %zu bytes; %d are the most", len, FORM_BYTES_MAX);
        return lua_util_push_err(L, &err);
    }
    struct form *form = lua_newuserdatauv(L, sizeof(*form), 0);
    *form = (struct form){ 0 };
    luaL_setmetatable(L, FORM);
    if (form_parse(text, len, form, &err) != OK)
        return lua_util_push_err(L, &err);
    lua_createtable(L, 0, form->count);
    for (int i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];
        clean_push(L, field->name, field->name_len, 0);
        clean_push(L, field->value, field->value_len, 0);
        lua_rawset(L, -3);
    }
    return 1;
}

/*** Reads a form body; of a name that is there twice the last value counts. Bytes that are no UTF-8,
 * and NUL, become U+FFFD.
 * @function url.parse_form(text)
 * @param text string "a=1&b=2"
 * @return table<string, string>|nil fields
 * @return Error|nil err code "limit": more than 1,000 fields or 4 MiB
 * @nowait
 */
static int l_url_parse_form(lua_State *L)
{
    return parse(L);
}

/*** Reads a query string, as url.parse_form does a body.
 * @function url.parse_query(text)
 * @param text string "a=1&b=2", without the question mark
 * @return table<string, string>|nil fields
 * @return Error|nil err code "limit": more than 1,000 fields or 4 MiB
 * @nowait
 */
static int l_url_parse_query(lua_State *L)
{
    return parse(L);
}

static bool is_plain(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~", c));
}

static void add_escaped(luaL_Buffer *out, const char *text, size_t len)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_plain(c)) {
            luaL_addchar(out, (char)c);
            continue;
        }
        luaL_addchar(out, '%');
        luaL_addchar(out, HEX[c >> 4]);
        luaL_addchar(out, HEX[c & 15]);
    }
}

/*** Makes a text safe within a URL.
 * @function url.escape(text)
 * @param text string
 * @return string text everything but letters, digits and "-._~" as %XX
 * @nowait
 */
static int l_url_escape(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    add_escaped(&out, text, len);
    luaL_pushresult(&out);
    return 1;
}

/* throws. Pushes "name=value" of the field whose name is on top; pops the name. */
static void push_pair(lua_State *L)
{
    size_t name_len, value_len;
    luaL_Buffer out;
    lua_pushvalue(L, -1);
    int type = lua_rawget(L, 1);
    if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN)
        luaL_error(L, "url.encode: fields.%s: expected a text, number or boolean, got %s",
                   lua_tostring(L, -2), luaL_typename(L, -1));
    const char *value = luaL_tolstring(L, -1, &value_len);
    const char *name = lua_tolstring(L, -3, &name_len);
    luaL_buffinit(L, &out);
    add_escaped(&out, name, name_len);
    luaL_addchar(&out, '=');
    add_escaped(&out, value, value_len);
    luaL_pushresult(&out);
    lua_replace(L, -4);
    lua_pop(L, 2);
}

/*** Writes a form body or a query string, fields in the order of their names.
 * @function url.encode(fields)
 * @param fields table<string, string|number|boolean>
 * @return string text "a=1&b=2"
 * @nowait
 */
static int l_url_encode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    options_push_names(L, 1, "url.encode: fields");
    luaL_Buffer out;
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    luaL_buffinit(L, &out);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&out, '&');
        lua_rawgeti(L, 2, i);
        push_pair(L);
        luaL_addvalue(&out);
    }
    luaL_pushresult(&out);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "parse_form", l_url_parse_form },
    { "parse_query", l_url_parse_query },
    { "escape", l_url_escape },
    { "encode", l_url_encode },
    { NULL, NULL },
};

int luaopen_engine_url(lua_State *L)
{
    if (luaL_newmetatable(L, FORM)) {
        lua_pushcfunction(L, l_form_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
