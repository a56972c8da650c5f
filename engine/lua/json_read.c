/* json_read - JSON text to Lua values, without a tree between. */
#include "base/json_reader.h"
#include "lua/lua_util.h"

#include <math.h>
#include <string.h>

enum {
    IN_HAND = 32, /* members or items kept on the stack, so that their table is made in its size */
    NAMES = 32,   /* names kept as Lua's strings: the rows of a list have the same ones */
    NAME_MOST = 32,   /* bytes of such a name */
    FROM_BYTES = 512, /* a smaller text has hardly any rows */
    SPARE = 8,        /* stack for what each step takes */
};

/* A text that is read. */
struct source {
    struct json_reader reader;
    int names; /* where on the stack the kept names begin; 0: none is kept */
    struct {
        const char *text; /* Lua's; NULL: none yet */
        size_t len;
    } kept[NAMES];
};

static bool read_piece(lua_State *L, struct source *source, enum json_piece piece);

static void push_text(lua_State *L, const struct json_reader *reader)
{
    if (!reader->has_escapes) {
        lua_pushlstring(L, reader->raw, reader->raw_len);
        return;
    }
    luaL_Buffer out;
    char *to = luaL_buffinitsize(L, &out, reader->raw_len);
    luaL_pushresultsize(&out, json_reader_unescape(reader, to));
}

/* A name goes to one place only, where the next other one that belongs there takes it. */
static void push_name(lua_State *L, struct source *source)
{
    const char *raw = source->reader.raw;
    size_t len = source->reader.raw_len;
    if (!source->names || source->reader.has_escapes || len == 0 || len > NAME_MOST) {
        push_text(L, &source->reader);
        return;
    }
    unsigned mix = (unsigned char)raw[0] * 7u + (unsigned char)raw[len / 2] * 3u +
                   (unsigned char)raw[len - 1] + (unsigned)len * 5u;
    unsigned place = mix % NAMES;
    if (source->kept[place].len == len && memcmp(source->kept[place].text, raw, len) == 0) {
        lua_pushvalue(L, source->names + (int)place);
        return;
    }
    source->kept[place].text = lua_pushlstring(L, raw, len);
    source->kept[place].len = len;
    lua_copy(L, -1, source->names + (int)place);
}

/* Moves the <count> pairs above <slot> into the table there. */
static void set_members(lua_State *L, int slot, int count)
{
    for (int i = 0; i < count; i++) {
        lua_pushvalue(L, slot + 1 + 2 * i);
        lua_pushvalue(L, slot + 2 + 2 * i);
        lua_rawset(L, slot);
    }
    lua_settop(L, slot);
}

static bool read_object(lua_State *L, struct source *source)
{
    struct json_reader *reader = &source->reader;
    int in_hand = 0;
    bool is_made = false;
    luaL_checkstack(L, 2 * IN_HAND + SPARE, NULL);
    lua_pushnil(L);
    int slot = lua_gettop(L);
    for (;;) {
        enum json_piece piece = json_reader_next(reader);
        if (piece == PIECE_OBJECT_END)
            break;
        if (piece != PIECE_KEY)
            return false;
        push_name(L, source);
        piece = json_reader_next(reader);
        if (piece == PIECE_NULL) {
            lua_pop(L, 1);
            continue;
        }
        if (!read_piece(L, source, piece))
            return false;
        if (++in_hand < IN_HAND)
            continue;
        if (!is_made) {
            lua_createtable(L, 0, 2 * IN_HAND);
            lua_replace(L, slot);
            is_made = true;
        }
        set_members(L, slot, in_hand);
        in_hand = 0;
    }
    if (!is_made) {
        lua_createtable(L, 0, in_hand);
        lua_replace(L, slot);
    }
    set_members(L, slot, in_hand);
    return true;
}

/* Moves the <count> items above <slot> behind the first <from> of the table there. */
static void set_items(lua_State *L, int slot, lua_Integer from, int count)
{
    for (int i = count; i > 0; i--)
        lua_rawseti(L, slot, from + i);
}

static bool read_array(lua_State *L, struct source *source)
{
    int in_hand = 0;
    luaL_checkstack(L, IN_HAND + SPARE, NULL);
    lua_Integer done = 0;
    lua_pushnil(L);
    int slot = lua_gettop(L);
    for (;;) {
        enum json_piece piece = json_reader_next(&source->reader);
        bool is_end = piece == PIECE_ARRAY_END;
        if (!is_end && !read_piece(L, source, piece))
            return false;
        in_hand += !is_end;
        if (!is_end && in_hand < IN_HAND)
            continue;
        if (done == 0) {
            lua_createtable(L, is_end ? in_hand : 2 * IN_HAND, 0);
            lua_util_mark_array(L, -1);
            lua_replace(L, slot);
        }
        set_items(L, slot, done, in_hand);
        done += in_hand;
        in_hand = 0;
        if (is_end)
            return true;
    }
}

/* 5.0 is an integer too, as it is to those who write it. */
static void push_real(lua_State *L, double value)
{
    if (value == floor(value) && fabs(value) < LUA_UTIL_INTEGERS_MOST)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
}

/* Pushes the value that begins with <piece>; false when the text is broken, with rests on the stack. */
static bool read_piece(lua_State *L, struct source *source, enum json_piece piece)
{
    switch (piece) {
    case PIECE_OBJECT_BEGIN:
        return read_object(L, source);
    case PIECE_ARRAY_BEGIN:
        return read_array(L, source);
    case PIECE_TEXT:
        push_text(L, &source->reader);
        return true;
    case PIECE_INT:
        lua_pushinteger(L, source->reader.integer);
        return true;
    case PIECE_REAL:
        push_real(L, source->reader.real);
        return true;
    case PIECE_TRUE:
    case PIECE_FALSE:
        lua_pushboolean(L, piece == PIECE_TRUE);
        return true;
    case PIECE_NULL:
        lua_pushlightuserdata(L, NULL);
        return true;
    default:
        return false;
    }
}

static void begin(lua_State *L, struct source *source, const char *text, size_t len)
{
    json_reader_init(&source->reader, text, len);
    luaL_checkstack(L, NAMES + SPARE, NULL);
    source->names = 0;
    if (len < FROM_BYTES)
        return;
    source->names = lua_gettop(L) + 1;
    memset(source->kept, 0, sizeof(source->kept));
    lua_settop(L, source->names + NAMES - 1);
}

int lua_util_read_json(lua_State *L, const char *text, size_t len, struct err *err)
{
    int top = lua_gettop(L);
    struct source source;
    struct json_reader *reader = &source.reader;
    begin(L, &source, text, len);
    if (read_piece(L, &source, json_reader_next(reader)) &&
        json_reader_next(reader) == PIECE_DONE) {
        if (source.names)
            lua_replace(L, source.names);
        lua_settop(L, top + 1);
        return OK;
    }
    lua_settop(L, top);
    if (reader->is_too_deep)
        return err_set(err, ERR_LIMIT, "JSON %s", reader->problem);
    return err_set(err, ERR_SYNTAX, "not JSON: %s, at byte %zu", reader->problem, reader->at);
}
