#include "lua/jail_find.h"

#include "base/clock.h"
#include "core/responder.h"
#include "lua/lua_util.h"

#include <lauxlib.h>
#include <string.h>

enum { NOTES_MAX = 4096 };

static struct jail_find *find_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static struct responder_search begin(struct jail_find *find)
{
    jail_people_begin(&find->people);
    return (struct responder_search){
        .tx = find->people.tx,
        .found = jail_people_found,
        .arg = &find->people,
        .now_ms = clock_now_ms(),
    };
}

/* throws. Pushes what the search found, or why it could not. */
static int finish(lua_State *L, struct jail_find *find, const char *name, int rc,
                  const struct err *err)
{
    if (rc == ERR_NOT_FOUND && find->notes.len < NOTES_MAX)
        buf_printf(&find->notes, "find.%s: %s\n", name, err->msg);
    if (rc != OK && rc != ERR_NOT_FOUND)
        return luaL_error(L, "find.%s: %s", name, err->msg);
    jail_people_push(L, &find->people);
    return 1;
}

/* throws unless the field is absent or a text. The text stays on the stack. */
static const char *optional_text(lua_State *L, const char *name)
{
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "%s: expected string, got %s", name, luaL_typename(L, -1));
    return lua_tostring(L, -1);
}

/*** Who is on call now.
 * @function find.on_call(filter)
 * @param filter {level:integer?, service:string?, provider:string?}|nil nil: everybody
 * @return people
 * @nowait
 */
static int l_on_call(lua_State *L)
{
    static const char *const KEYS[] = { "level", "service", "provider", NULL };
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    lua_util_check_keys(L, 1, "find.on_call", KEYS);
    lua_getfield(L, 1, "level");
    lua_Integer level = lua_isnil(L, -1) ? 0 : luaL_checkinteger(L, -1);
    const char *service = optional_text(L, "service"), *provider = optional_text(L, "provider");
    struct responder_search search = begin(find);
    int rc = responders_on_call(&search, level, service, provider, &err);
    return finish(L, find, "on_call", rc, &err);
}

/*** The members of a user group, or of all groups with a tag.
 * @function find.usergroup(group)
 * @param group string|{tag:string} "payments-oncall", the platform's id, or { tag = "..." }
 * @return people
 * @nowait
 */
static int l_usergroup(lua_State *L)
{
    static const char *const KEYS[] = { "tag", NULL };
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    int rc;
    if (lua_istable(L, 1)) {
        lua_util_check_keys(L, 1, "find.usergroup", KEYS);
        const char *tag = optional_text(L, "tag");
        luaL_argcheck(L, tag, 1, "a group's name, or { tag = \"...\" }");
        struct responder_search search = begin(find);
        rc = responders_of_usergroup_tag(&search, tag, &err);
    } else {
        const char *name = luaL_checkstring(L, 1);
        struct responder_search search = begin(find);
        rc = responders_of_usergroup(&search, name, &err);
    }
    return finish(L, find, "usergroup", rc, &err);
}

/*** The members of a conversation.
 * @function find.conversation_members(conversation)
 * @param conversation string its tag or an id
 * @return people
 * @nowait
 */
static int l_conversation_members(lua_State *L)
{
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    const char *name = luaL_checkstring(L, 1);
    struct responder_search search = begin(find);
    int rc = responders_of_conversation(&search, name, &err);
    return finish(L, find, "conversation_members", rc, &err);
}

/*** The members of the user groups that belong to the incident's category.
 * @function find.category_groups()
 * @return people
 * @nowait
 */
static int l_category_groups(lua_State *L)
{
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    struct responder_search search = begin(find);
    int rc = responders_of_category_groups(&search, find->category_id, &err);
    return finish(L, find, "category_groups", rc, &err);
}

/*** The members of the conversations that belong to the incident's category.
 * @function find.category_conversations()
 * @return people
 * @nowait
 */
static int l_category_conversations(lua_State *L)
{
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    struct responder_search search = begin(find);
    int rc = responders_of_category_conversations(&search, find->category_id, &err);
    return finish(L, find, "category_conversations", rc, &err);
}

/*** The person with an e-mail address, as a list of one.
 * @function find.person(email)
 * @param email string
 * @return people
 * @nowait
 */
static int l_person(lua_State *L)
{
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    const char *email = luaL_checkstring(L, 1);
    struct responder_search search = begin(find);
    int rc = responders_person(&search, email, &err);
    return finish(L, find, "person", rc, &err);
}

/*** Who has a role in the incident.
 * @function find.role(slug)
 * @param slug string "commander"
 * @return people
 * @nowait
 */
static int l_role(lua_State *L)
{
    struct jail_find *find = find_of(L);
    struct err err = { 0 };
    const char *slug = luaL_checkstring(L, 1);
    struct responder_search search = begin(find);
    int rc = responders_of_role(&search, find->incident_id, slug, &err);
    return finish(L, find, "role", rc, &err);
}

/*** An empty list, to add to.
 * @function find.nobody()
 * @return people
 * @nowait
 */
static int l_nobody(lua_State *L)
{
    struct jail_find *find = find_of(L);
    jail_people_begin(&find->people);
    jail_people_push(L, &find->people);
    return 1;
}

static int l_unknown(lua_State *L)
{
    return luaL_error(L, "there is no find.%s", luaL_tolstring(L, 2, NULL));
}

static int l_read_only(lua_State *L)
{
    return luaL_error(L, "`find` cannot be changed");
}

static const luaL_Reg FUNCTIONS[] = {
    { "on_call", l_on_call },
    { "usergroup", l_usergroup },
    { "conversation_members", l_conversation_members },
    { "category_groups", l_category_groups },
    { "category_conversations", l_category_conversations },
    { "person", l_person },
    { "role", l_role },
    { "nobody", l_nobody },
    { NULL, NULL },
};

void jail_find_push(lua_State *L, struct jail_find *find)
{
    static const luaL_Reg META[] = { { "__newindex", l_read_only }, { NULL, NULL } };
    static const luaL_Reg UNKNOWN[] = { { "__index", l_unknown }, { NULL, NULL } };
    jail_people_open(L, &find->people);
    lua_newtable(L); /* the view that scripts get */
    luaL_newlib(L, META);
    luaL_newlibtable(L, FUNCTIONS);
    lua_pushlightuserdata(L, find);
    luaL_setfuncs(L, FUNCTIONS, 1);
    luaL_newlib(L, UNKNOWN);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
