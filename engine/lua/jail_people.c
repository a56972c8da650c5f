#include "lua/jail_people.h"

#include "base/mem.h"
#include "store/db.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define LIST "people"
enum { FIRST_ENTRIES = 64 };
#define NONE POOL_NONE

/* ---- life */

void jail_people_init(struct jail_people *people)
{
    *people = (struct jail_people){ .ids = { .most = JAIL_PEOPLE_MAX },
                                    .reasons = { .most = JAIL_REASONS_MAX } };
}

void jail_people_reset(struct jail_people *people)
{
    pool_reset(&people->ids);
    pool_reset(&people->reasons);
    people->now = 0;
    if (people->marks)
        memset(people->marks, 0, people->marks_cap * sizeof(*people->marks));
    people->found.count = people->further.count = 0;
}

/* ---- who was seen already: a mark holds the number of the look that saw the person */

static void new_look(struct jail_people *people)
{
    if (people->marks_cap < people->ids.cap) {
        people->marks = xrealloc(people->marks, people->ids.cap * sizeof(*people->marks));
        memset(people->marks + people->marks_cap, 0,
               (people->ids.cap - people->marks_cap) * sizeof(*people->marks));
        people->marks_cap = people->ids.cap;
    }
    people->now++;
}

/* True the first time in this look. */
static bool see(struct jail_people *people, uint32_t person)
{
    if (person >= people->marks_cap) {
        people->now--;
        new_look(people); /* the pool has grown on the way */
    }
    bool is_first = people->marks[person] != people->now;
    people->marks[person] = people->now;
    return is_first;
}

/* ---- a search */

static void put(struct jail_entries *entries, struct jail_entry entry)
{
    if (entries->count == entries->cap) {
        entries->cap = entries->cap ? entries->cap * 2 : FIRST_ENTRIES;
        entries->items = xrealloc(entries->items, entries->cap * sizeof(*entries->items));
    }
    entries->items[entries->count++] = entry;
}

static uint32_t reason_number(struct jail_people *people, const char *text, size_t len)
{
    if (len > JAIL_REASON_BYTES) {
        len = JAIL_REASON_BYTES;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    return pool_number(&people->reasons, text, len, true);
}

void jail_people_begin(struct jail_people *people)
{
    people->found.count = people->further.count = 0;
    people->is_full = false;
    people->last_reason = NONE;
    new_look(people);
}

void jail_people_found(void *arg, const char *person_id, const char *via)
{
    struct jail_people *people = arg;
    if (people->is_full)
        return;
    if (people->last_reason == NONE ||
        strcmp(pool_text(&people->reasons, people->last_reason), via) != 0)
        people->last_reason = reason_number(people, via, strlen(via));
    uint32_t person = pool_number(&people->ids, person_id, strlen(person_id), true);
    if (person == NONE || people->last_reason == NONE) {
        people->is_full = true;
        return;
    }
    const struct jail_entry entry = { person, people->last_reason, 0 };
    put(see(people, person) ? &people->found : &people->further, entry);
}

/* ---- lists in Lua: a userdata whose user values hold the two arrays, so that their memory
 * counts as the script's */

struct list {
    struct jail_entries first;   /* each person once */
    struct jail_entries further; /* more reasons of the same people */
};
enum { VALUE_FIRST = 1, VALUE_FURTHER = 2 };

static struct jail_people *people_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static struct list *check_list(lua_State *L, int index)
{
    return luaL_checkudata(L, index, LIST);
}

static struct list *push_list(lua_State *L)
{
    struct list *list = lua_newuserdatauv(L, sizeof(*list), VALUE_FURTHER);
    *list = (struct list){ 0 };
    luaL_setmetatable(L, LIST);
    return list;
}

/* throws. Room for <more> entries in the array that is the user value <which> of the list at
 * <index>. */
static void make_room(lua_State *L, int index, struct jail_entries *entries, int which, size_t more)
{
    size_t wanted = entries->count + more;
    if (wanted <= entries->cap)
        return;
    if (wanted > JAIL_PEOPLE_MAX)
        luaL_error(L, "more than %d people in one list", JAIL_PEOPLE_MAX);
    size_t cap = entries->cap * 2 > wanted ? entries->cap * 2 : wanted;
    index = lua_absindex(L, index);
    struct jail_entry *items = lua_newuserdatauv(L, cap * sizeof(*items), 0);
    if (entries->count > 0)
        memcpy(items, entries->items, entries->count * sizeof(*items));
    lua_setiuservalue(L, index, which);
    entries->items = items;
    entries->cap = cap;
}

static void copy_entries(lua_State *L, int index, struct jail_entries *to, int which,
                         const struct jail_entries *from, int line)
{
    make_room(L, index, to, which, from->count);
    for (size_t i = 0; i < from->count; i++) {
        to->items[to->count] = from->items[i];
        to->items[to->count++].line = line;
    }
}

/* The innermost line of the strategy's own file that is being run; 0 when there is none. */
static int current_line(lua_State *L, const struct jail_people *people)
{
    lua_Debug activation;
    for (int level = 1; lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.source[0] == '@' && strcmp(activation.source + 1, people->path) == 0)
            return activation.currentline > 0 ? activation.currentline : 0;
    }
    return 0;
}

void jail_people_push(lua_State *L, struct jail_people *people)
{
    if (people->is_full)
        luaL_error(L, "more than %d people, or %d different reasons, in one strategy",
                   JAIL_PEOPLE_MAX, JAIL_REASONS_MAX);
    int line = current_line(L, people);
    struct list *list = push_list(L);
    copy_entries(L, -1, &list->first, VALUE_FIRST, &people->found, line);
    copy_entries(L, -1, &list->further, VALUE_FURTHER, &people->further, line);
}

/* throws. The number of the reason at <index>. */
static uint32_t check_reason(lua_State *L, int index, struct jail_people *people)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    luaL_argcheck(L, len > strspn(text, " \t\r\n"), index, "a reason must say something");
    uint32_t number = reason_number(people, text, strlen(text));
    if (number == NONE)
        luaL_error(L, "more than %d different reasons in one strategy", JAIL_REASONS_MAX);
    return number;
}

static int l_because(lua_State *L)
{
    struct jail_people *people = people_of(L);
    struct list *list = check_list(L, 1);
    uint32_t reason = check_reason(L, 2, people);
    int line = current_line(L, people);
    for (size_t i = 0; i < list->first.count; i++) {
        list->first.items[i].reason = reason;
        list->first.items[i].line = line;
    }
    list->further.count = 0;
    lua_settop(L, 1);
    return 1;
}

/* throws. Pushes the list of the one person whose table is at <index>. */
static void push_one(lua_State *L, int index, struct jail_people *people)
{
    size_t len = 0;
    lua_pushliteral(L, "id");
    lua_rawget(L, index);
    const char *id = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : "";
    uint32_t person = strlen(id) == len ? pool_number(&people->ids, id, len, false) : NONE;
    if (person == NONE)
        luaL_argerror(L, index, "not a person that `find` gave");
    jail_people_begin(people);
    jail_people_found(people, pool_text(&people->ids, person), "named by the strategy");
    jail_people_push(L, people);
    lua_remove(L, -2);
}

static void mark_all(struct jail_people *people, const struct jail_entries *entries)
{
    new_look(people);
    for (size_t i = 0; i < entries->count; i++)
        see(people, entries->items[i].person);
}

static void add_list(lua_State *L, struct list *list, const struct list *more,
                     struct jail_people *people, uint32_t reason, int line)
{
    const struct jail_entries *const PARTS[] = { &more->first, &more->further };
    int parts = reason == NONE ? 2 : 1;
    size_t count = more->first.count + (reason == NONE ? more->further.count : 0);
    make_room(L, 1, &list->first, VALUE_FIRST, count);
    make_room(L, 1, &list->further, VALUE_FURTHER, count);
    mark_all(people, &list->first);
    for (int part = 0; part < parts; part++) {
        for (size_t i = 0; i < PARTS[part]->count; i++) {
            struct jail_entry entry = PARTS[part]->items[i];
            if (reason != NONE)
                entry = (struct jail_entry){ entry.person, reason, line };
            struct jail_entries *to = see(people, entry.person) ? &list->first : &list->further;
            to->items[to->count++] = entry;
        }
    }
}

static int l_add(lua_State *L)
{
    struct jail_people *people = people_of(L);
    struct list *list = check_list(L, 1);
    lua_settop(L, 3);
    uint32_t reason = lua_isnil(L, 3) ? NONE : check_reason(L, 3, people);
    if (lua_istable(L, 2)) {
        push_one(L, 2, people);
        lua_replace(L, 2);
    }
    const struct list *more = luaL_testudata(L, 2, LIST);
    if (!more)
        return luaL_typeerror(L, 2, "people, or a person");
    if (more != list)
        add_list(L, list, more, people, reason, current_line(L, people));
    lua_settop(L, 1);
    return 1;
}

static void copy_unseen(lua_State *L, struct jail_entries *to, int which,
                        const struct jail_entries *from, const struct jail_people *people)
{
    make_room(L, -1, to, which, from->count);
    for (size_t i = 0; i < from->count; i++)
        if (people->marks[from->items[i].person] != people->now)
            to->items[to->count++] = from->items[i];
}

static int l_without(lua_State *L)
{
    struct jail_people *people = people_of(L);
    const struct list *list = check_list(L, 1);
    lua_settop(L, 2);
    if (lua_istable(L, 2)) {
        push_one(L, 2, people);
        lua_replace(L, 2);
    }
    const struct list *others = luaL_testudata(L, 2, LIST);
    if (!others)
        return luaL_typeerror(L, 2, "people, or a person");
    mark_all(people, &others->first);
    struct list *rest = push_list(L);
    copy_unseen(L, &rest->first, VALUE_FIRST, &list->first, people);
    copy_unseen(L, &rest->further, VALUE_FURTHER, &list->further, people);
    return 1;
}

/* throws. */
static void push_person(lua_State *L, struct jail_people *people, uint32_t person)
{
    static const char SELECT_PERSON[] = "SELECT name, email, username FROM person WHERE id = ?";
    static const char *const FIELDS[] = { "name", "email", "username" };
    struct err err = { 0 };
    const char *id = pool_text(&people->ids, person);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, id);
    lua_setfield(L, -2, "id");
    struct stmt *stmt = tx_query(people->tx, &err, SELECT_PERSON, "t", id);
    int rc = stmt ? stmt_next(stmt, &err) : err.code;
    for (int i = 0; rc == DB_ROW && i < 3; i++) {
        lua_pushstring(
            L,
            stmt_text(stmt, i)); /* memory may run out: the transaction ends the statement then */
        lua_setfield(L, -2, FIELDS[i]);
    }
    stmt_end(stmt);
    if (rc < 0)
        luaL_error(L, "people: %s", err.msg);
}

static int l_length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_list(L, 1)->first.count);
    return 1;
}

/* Upvalue 2: the methods. */
static int l_index(lua_State *L)
{
    const struct list *list = check_list(L, 1);
    if (lua_isinteger(L, 2)) {
        lua_Integer index = lua_tointeger(L, 2);
        if (index < 1 || (size_t)index > list->first.count)
            return 0;
        push_person(L, people_of(L), list->first.items[index - 1].person);
        return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL)
        return luaL_error(L, "people have no `%s` (because, add, without, a number)",
                          luaL_tolstring(L, 2, NULL));
    return 1;
}

static int l_next(lua_State *L)
{
    const struct list *list = check_list(L, 1);
    lua_Integer index = luaL_optinteger(L, 2, 0);
    if (index < 0 || (size_t)index >= list->first.count)
        return 0;
    lua_pushinteger(L, index + 1);
    push_person(L, people_of(L), list->first.items[index].person);
    return 2;
}

/* Upvalue 2: l_next. */
static int l_pairs(lua_State *L)
{
    check_list(L, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int l_text(lua_State *L)
{
    lua_pushfstring(L, "people (%d)", (int)check_list(L, 1)->first.count);
    return 1;
}

void jail_people_open(lua_State *L, struct jail_people *people)
{
    static const luaL_Reg METHODS[] = {
        { "because", l_because },
        { "add", l_add },
        { "without", l_without },
        { NULL, NULL },
    };
    static const luaL_Reg META[] = { { "__len", l_length },
                                     { "__tostring", l_text },
                                     { NULL, NULL } };
    luaL_newmetatable(L, LIST);
    luaL_setfuncs(L, META, 0);
    lua_pushlightuserdata(L, people);
    luaL_newlibtable(L, METHODS);
    lua_pushvalue(L, -2);
    luaL_setfuncs(L, METHODS, 1);
    lua_pushcclosure(L, l_index, 2);
    lua_setfield(L, -2, "__index");
    lua_pushlightuserdata(L, people);
    lua_pushlightuserdata(L, people);
    lua_pushcclosure(L, l_next, 1);
    lua_pushcclosure(L, l_pairs, 2);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

/* ---- the answer */

static void take(struct jail_entries *to, const struct jail_entries *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++)
        put(to, from->items[i]);
}

bool jail_people_take(lua_State *L, int index, struct jail_people *people)
{
    const struct list *list = luaL_testudata(L, index, LIST);
    if (!list)
        return false;
    take(&people->found, &list->first);
    take(&people->further, &list->further);
    return true;
}

/* Those who follow each other with the same reason and line are one array. */
static void write_entries(const struct jail_people *people, struct json_writer *w,
                          const struct jail_entries *entries)
{
    const struct jail_entry *before = NULL, *end = entries->items + entries->count;
    for (const struct jail_entry *entry = entries->items; entry < end; before = entry++) {
        bool is_first = !before || before->reason != entry->reason || before->line != entry->line;
        if (is_first && before)
            json_array_finish(w);
        if (is_first) {
            json_array_begin(w);
            json_int(w, entry->reason);
            json_int(w, entry->line);
        }
        json_text(w, pool_text(&people->ids, entry->person));
    }
    if (before)
        json_array_finish(w);
}

void jail_people_write(const struct jail_people *people, struct json_writer *w)
{
    json_key(w, "reasons");
    json_array_begin(w);
    for (uint32_t i = 0; i < people->reasons.count; i++)
        json_text(w, pool_text(&people->reasons, i));
    json_array_finish(w);
    json_key(w, "people");
    json_array_begin(w);
    write_entries(people, w, &people->found);
    write_entries(people, w, &people->further);
    json_array_finish(w);
    json_put_int(w, "count", (int64_t)people->found.count);
}
