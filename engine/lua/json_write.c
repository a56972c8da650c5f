/* json_write - Lua values as JSON: one walk over them, and what it meets goes into a text or into a
 * tree. Runs no metamethod and throws nothing on its way. */
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "lua/lua_util.h"

#include <math.h>
#include <string.h>

enum {
    VALUES_MOST = 1 << 20, /* tables that share others say more than there is memory for */
    TEXT_MOST = 32 << 20,
    FEW_MEMBERS = 16,
};

/* Where a value stands, put into words only when something is wrong with it. */
struct place {
    const struct place *outer; /* NULL: the value that was given */
    const char *key;           /* NULL: an item of a list */
    size_t index;
};

struct lua_util_json_member {
    const char *key;
    size_t len;
    int slot; /* of the value, on the stack */
};

/* Takes what the walk meets; each is first in what it holds. False: the text is not valid UTF-8. */
struct sink {
    void (*begin)(struct sink *sink, bool is_object);
    void (*finish)(struct sink *sink, bool is_object);
    bool (*key)(struct sink *sink, const char *key, size_t len);
    bool (*text)(struct sink *sink, const char *text, size_t len);
    void (*integer)(struct sink *sink, int64_t value);
    void (*real)(struct sink *sink, double value);
    void (*boolean)(struct sink *sink, bool value);
    void (*null)(struct sink *sink);
};

struct walk {
    lua_State *L;
    const void *array_mark;
    struct err *err;
    const struct place *place;
    struct sink *sink;
    struct lua_util_json_text *work; /* for the members of objects */
    size_t values;
    size_t text_bytes;
};

/* ---- the walk */

static bool walk_value(struct walk *walk, int index, int depth);

static void write_path(const struct place *place, struct buf *path)
{
    if (!place)
        return;
    write_path(place->outer, path);
    if (place->key)
        buf_printf(path, "%s%s", path->len > 0 ? "." : "", place->key);
    else
        buf_printf(path, "[%zu]", place->index);
}

static bool fail(struct walk *walk, const char *what)
{
    AUTO_BUF struct buf path = BUF_INIT;
    write_path(walk->place, &path);
    const char *text = buf_text(&path);
    err_field(walk->err, text, "%s%s%s", text, text[0] ? ": " : "", what);
    return false;
}

static bool is_marked_array(const struct walk *walk, int index)
{
    if (!lua_getmetatable(walk->L, index))
        return false;
    bool is_marked = lua_topointer(walk->L, -1) == walk->array_mark;
    lua_pop(walk->L, 1);
    return is_marked;
}

static bool walk_array(struct walk *walk, int index, size_t count, int depth)
{
    struct place place = { .outer = walk->place };
    bool is_fine = true;
    walk->place = &place;
    walk->sink->begin(walk->sink, false);
    for (size_t i = 1; i <= count && is_fine; i++) {
        place.index = i;
        lua_rawgeti(walk->L, index, (lua_Integer)i);
        is_fine = walk_value(walk, lua_gettop(walk->L), depth + 1);
        lua_pop(walk->L, 1);
    }
    if (is_fine)
        walk->sink->finish(walk->sink, false);
    walk->place = place.outer;
    return is_fine;
}

static int compare_members(const void *left, const void *right)
{
    const struct lua_util_json_member *a = left, *b = right;
    int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
    if (order)
        return order;
    return a->len < b->len ? -1 : a->len > b->len;
}

static void sort_members(struct lua_util_json_member *members, size_t count)
{
    if (count > FEW_MEMBERS) {
        qsort(members, count, sizeof(*members), compare_members);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct lua_util_json_member one = members[i];
        size_t at = i;
        for (; at > 0 && compare_members(&members[at - 1], &one) > 0; at--)
            members[at] = members[at - 1];
        members[at] = one;
    }
}

static void add_member(struct lua_util_json_text *work, const struct lua_util_json_member *member)
{
    if (work->count == work->cap) {
        work->cap = work->cap ? 2 * work->cap : 64;
        work->members = xrealloc(work->members, work->cap * sizeof(*work->members));
    }
    work->members[work->count++] = *member;
}

/* Leaves the values, between their keys, on the stack. */
static bool gather_members(struct walk *walk, int index)
{
    lua_State *L = walk->L;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return fail(walk, "a table has both numbers and names as keys, or gaps");
        struct lua_util_json_member member = { .slot = lua_gettop(L) };
        member.key = lua_tolstring(L, -2, &member.len);
        add_member(walk->work, &member);
        if (!lua_checkstack(L, 4))
            return fail(walk, "too many members");
        lua_pushvalue(L, -2);
    }
    return true;
}

/* Names count as texts do: tables that share others repeat them. */
static bool walk_key(struct walk *walk, const struct lua_util_json_member *member)
{
    walk->text_bytes += member->len;
    if (walk->text_bytes > TEXT_MOST)
        return fail(walk, "too much text");
    return walk->sink->key(walk->sink, member->key, member->len) ||
           fail(walk, "the key is not valid UTF-8");
}

static bool walk_members(struct walk *walk, size_t first, int depth)
{
    struct place place = { .outer = walk->place };
    struct lua_util_json_text *work = walk->work;
    bool is_fine = true;
    walk->place = &place;
    for (size_t i = first, end = work->count; i < end && is_fine; i++) {
        struct lua_util_json_member member = work->members[i];
        place.key = member.key;
        is_fine = walk_key(walk, &member) && walk_value(walk, member.slot, depth + 1);
    }
    walk->place = place.outer;
    return is_fine;
}

static bool walk_object(struct walk *walk, int index, int depth)
{
    size_t first = walk->work->count;
    int top = lua_gettop(walk->L);
    bool is_fine = gather_members(walk, index);
    if (is_fine) {
        sort_members(walk->work->members + first, walk->work->count - first);
        walk->sink->begin(walk->sink, true);
        is_fine = walk_members(walk, first, depth);
    }
    if (is_fine)
        walk->sink->finish(walk->sink, true);
    walk->work->count = first;
    lua_settop(walk->L, top);
    return is_fine;
}

/* True when the keys of the table are 1 to <count> and nothing else. */
static bool is_list(lua_State *L, int index, size_t count)
{
    size_t seen = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        if (key < 1 || (size_t)key > count) {
            lua_pop(L, 2);
            return false;
        }
        seen++;
    }
    return seen == count;
}

static bool walk_table(struct walk *walk, int index, int depth)
{
    lua_State *L = walk->L;
    if (depth >= LUA_UTIL_JSON_DEPTH)
        return fail(walk, "nested too deeply, or a table that contains itself");
    if (!lua_checkstack(L, 8))
        return fail(walk, "nested too deeply");
    lua_util_push_behind(L, index);
    int table = lua_gettop(L);
    size_t count = lua_rawlen(L, table);
    bool is_fine;
    if (count == 0 && !is_marked_array(walk, table))
        is_fine = walk_object(walk, table, depth);
    else if (is_list(L, table, count))
        is_fine = walk_array(walk, table, count, depth);
    else
        is_fine = fail(walk, "a table has both numbers and names as keys, or gaps");
    lua_settop(L, table - 1);
    return is_fine;
}

static bool walk_number(struct walk *walk, int index)
{
    struct sink *sink = walk->sink;
    double number = lua_tonumber(walk->L, index);
    if (lua_isinteger(walk->L, index))
        sink->integer(sink, lua_tointeger(walk->L, index));
    else if (isnan(number) || isinf(number))
        return fail(walk, "not a finite number");
    else if (number == floor(number) && fabs(number) < LUA_UTIL_INTEGERS_MOST)
        sink->integer(sink, (int64_t)number);
    else
        sink->real(sink, number);
    return true;
}

static bool walk_text(struct walk *walk, int index)
{
    size_t len;
    const char *text = lua_tolstring(walk->L, index, &len);
    walk->text_bytes += len;
    if (walk->text_bytes > TEXT_MOST)
        return fail(walk, "too much text");
    return walk->sink->text(walk->sink, text, len) || fail(walk, "the text is not valid UTF-8");
}

static bool walk_value(struct walk *walk, int index, int depth)
{
    struct sink *sink = walk->sink;
    if (++walk->values > VALUES_MOST)
        return fail(walk, "too many values");
    switch (lua_type(walk->L, index)) {
    case LUA_TTABLE:
        return walk_table(walk, index, depth);
    case LUA_TSTRING:
        return walk_text(walk, index);
    case LUA_TNUMBER:
        return walk_number(walk, index);
    case LUA_TBOOLEAN:
        sink->boolean(sink, lua_toboolean(walk->L, index));
        return true;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(walk->L, index))
            return fail(walk, "a pointer has no JSON form");
        sink->null(sink);
        return true;
    case LUA_TNIL:
        sink->null(sink);
        return true;
    default:
        return fail(walk, "a function or an object of the engine has no JSON form");
    }
}

static bool walk_from(lua_State *L, int index, struct sink *sink, struct lua_util_json_text *work,
                      struct err *err)
{
    struct err unwanted;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, NULL);
    lua_util_push_array_mark(L);
    struct walk walk = {
        .L = L,
        .array_mark = lua_topointer(L, -1),
        .err = err ? err : &unwanted,
        .sink = sink,
        .work = work,
    };
    lua_pop(L, 1);
    work->count = 0;
    return walk_value(&walk, index, 0);
}

/* ---- as a text */

struct text_sink {
    struct sink sink;
    struct json_writer writer;
};

static struct json_writer *writer_of(struct sink *sink)
{
    return &((struct text_sink *)sink)->writer;
}

static void text_begin(struct sink *sink, bool is_object)
{
    if (is_object)
        json_object_begin(writer_of(sink));
    else
        json_array_begin(writer_of(sink));
}

static void text_finish(struct sink *sink, bool is_object)
{
    if (is_object)
        json_object_finish(writer_of(sink));
    else
        json_array_finish(writer_of(sink));
}

static bool text_key(struct sink *sink, const char *key, size_t len)
{
    return json_key_n(writer_of(sink), key, len);
}

static bool text_text(struct sink *sink, const char *text, size_t len)
{
    return json_text_n(writer_of(sink), text, len);
}

static void text_integer(struct sink *sink, int64_t value)
{
    json_int(writer_of(sink), value);
}

static void text_real(struct sink *sink, double value)
{
    json_double(writer_of(sink), value);
}

static void text_boolean(struct sink *sink, bool value)
{
    json_bool(writer_of(sink), value);
}

static void text_null(struct sink *sink)
{
    json_null_value(writer_of(sink));
}

int lua_util_write_json(lua_State *L, int index, bool is_pretty, struct lua_util_json_text *work,
                        struct err *err)
{
    struct text_sink text = {
        .sink = { text_begin, text_finish, text_key, text_text, text_integer, text_real,
                  text_boolean, text_null },
    };
    buf_clear(&work->text);
    json_writer_init(&text.writer, &work->text);
    text.writer.is_pretty = is_pretty;
    return walk_from(L, index, &text.sink, work, err) ? OK : ERR_INVALID;
}

void lua_util_json_text_fini(struct lua_util_json_text *work)
{
    buf_fini(&work->text);
    free(work->members);
    work->members = NULL;
    work->cap = 0;
}

/* ---- as a tree */

struct tree_sink {
    struct sink sink;
    json_t *root;                          /* owned */
    json_t *open[LUA_UTIL_JSON_DEPTH + 1]; /* borrowed; the innermost is the last */
    int depth;
    const char *key; /* of the member that comes */
    size_t key_len;
};

static void attach(struct tree_sink *tree, json_t *value)
{
    json_t *outer = tree->depth > 0 ? tree->open[tree->depth - 1] : NULL;
    if (!outer)
        tree->root = value;
    else if (json_is_array(outer))
        json_array_append_new(outer, value);
    else
        json_object_setn_new_nocheck(outer, tree->key, tree->key_len, value);
}

static void tree_begin(struct sink *sink, bool is_object)
{
    struct tree_sink *tree = (struct tree_sink *)sink;
    json_t *value = is_object ? json_object() : json_array();
    attach(tree, value);
    tree->open[tree->depth++] = value;
}

static void tree_finish(struct sink *sink, bool is_object)
{
    (void)is_object;
    ((struct tree_sink *)sink)->depth--;
}

static bool tree_key(struct sink *sink, const char *key, size_t len)
{
    struct tree_sink *tree = (struct tree_sink *)sink;
    tree->key = key;
    tree->key_len = len;
    return utf8_is_valid(key, len);
}

static bool tree_text(struct sink *sink, const char *text, size_t len)
{
    bool is_text = utf8_is_valid(text, len);
    if (is_text)
        attach((struct tree_sink *)sink, json_stringn_nocheck(text, len));
    return is_text;
}

static void tree_integer(struct sink *sink, int64_t value)
{
    attach((struct tree_sink *)sink, json_integer(value));
}

static void tree_real(struct sink *sink, double value)
{
    attach((struct tree_sink *)sink, json_real(value));
}

static void tree_boolean(struct sink *sink, bool value)
{
    attach((struct tree_sink *)sink, json_boolean(value));
}

static void tree_null(struct sink *sink)
{
    attach((struct tree_sink *)sink, json_null());
}

json_t *lua_util_to_json(lua_State *L, int index, struct err *err)
{
    struct lua_util_json_text work = { 0 };
    struct tree_sink tree = {
        .sink = { tree_begin, tree_finish, tree_key, tree_text, tree_integer, tree_real,
                  tree_boolean, tree_null },
    };
    bool is_fine = walk_from(L, index, &tree.sink, &work, err);
    lua_util_json_text_fini(&work);
    if (is_fine)
        return tree.root;
    json_decref(tree.root);
    return NULL;
}
