/* engine.url - forms and query strings. */
#include "base/buf.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "net/form.h"

/* throws nothing it holds: the form lives in a userdata. */
static int l_form_gc(lua_State *L)
{
    form_fini(lua_touserdata(L, 1));
    return 0;
}

/*** Reads a form body or a query string; of a name that is there twice the last value counts.
 * Values are raw bytes.
 * @function url.parse_form(text)
 * @param text string "a=1&b=2"
 * @return table|nil name -> value; nil and an error beyond 1,000 fields
 * @nowait
 */
static int l_url_parse_form(lua_State *L)
{
    size_t len;
    struct err err = { 0 };
    const char *text = luaL_checklstring(L, 1, &len);
    struct form *form = lua_newuserdatauv(L, sizeof(*form), 0);
    *form = (struct form){ 0 };
    luaL_setmetatable(L, "engine.url.form");
    if (form_parse(text, len, form, &err) != OK)
        return lua_util_push_err(L, &err);
    lua_createtable(L, 0, form->count);
    for (int i = 0; i < form->count; i++) {
        lua_pushlstring(L, form->fields[i].name, form->fields[i].name_len);
        lua_pushlstring(L, form->fields[i].value, form->fields[i].value_len);
        lua_rawset(L, -3);
    }
    return 1;
}

/* throws. Percent-encodes the string at <index> into <out>. */
static void add_escaped(lua_State *L, luaL_Buffer *out, const char *text, size_t len)
{
    static const char PLAIN[] = "-._~";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == PLAIN[0] || c == PLAIN[1] || c == PLAIN[2] ||
                        c == PLAIN[3];
        if (is_plain) {
            luaL_addchar(out, (char)c);
        } else {
            static const char HEX[] = "0123456789ABCDEF";
            luaL_addchar(out, '%');
            luaL_addchar(out, HEX[c >> 4]);
            luaL_addchar(out, HEX[c & 15]);
        }
    }
    (void)L;
}

/*** Makes a text safe within a URL.
 * @function url.escape(text)
 * @param text string
 * @return string everything but letters, digits and "-._~" as %XX
 * @nowait
 */
static int l_url_escape(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    add_escaped(L, &out, text, len);
    luaL_pushresult(&out);
    return 1;
}

/*** Writes a form body or a query string.
 * @function url.encode(fields)
 * @param fields table name -> string, number or boolean
 * @return string "a=1&b=2", in no particular order
 * @nowait
 */
static int l_url_encode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushliteral(L, "");
    for (lua_pushnil(L); lua_next(L, 1);) {
        size_t name_len, value_len;
        if (lua_type(L, -2) != LUA_TSTRING || lua_istable(L, -1) || lua_isfunction(L, -1))
            return luaL_error(
                L, "url.encode: names must be strings, values strings, numbers or booleans");
        const char *value = luaL_tolstring(L, -1, &value_len),
                   *name = lua_tolstring(L, -3, &name_len);
        luaL_Buffer out;
        size_t so_far;
        const char *before = lua_tolstring(L, 2, &so_far);
        luaL_buffinit(L, &out);
        luaL_addlstring(&out, before, so_far);
        if (so_far > 0)
            luaL_addchar(&out, '&');
        add_escaped(L, &out, name, name_len);
        luaL_addchar(&out, '=');
        add_escaped(L, &out, value, value_len);
        luaL_pushresult(&out);
        lua_replace(L, 2);
        lua_pop(L, 2);
    }
    lua_settop(L, 2);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "parse_form", l_url_parse_form },
    { "parse_query", l_url_parse_form },
    { "escape", l_url_escape },
    { "encode", l_url_encode },
    { NULL, NULL },
};

int luaopen_engine_url(lua_State *L)
{
    if (luaL_newmetatable(L, "engine.url.form")) {
        lua_pushcfunction(L, l_form_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
