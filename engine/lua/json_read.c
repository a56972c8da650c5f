/* json_read - JSON text to Lua values, without a tree between. */
#include "base/json_reader.h"
#include "lua/lua_util.h"

#include <math.h>

enum {
    IN_HAND = 32
}; /* members or items kept on the stack, so that their table is made in its size */

static bool read_piece(lua_State *L, struct json_reader *reader, enum json_piece piece);

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

static bool read_object(lua_State *L, struct json_reader *reader)
{
    int in_hand = 0;
    bool is_made = false;
    lua_pushnil(L);
    int slot = lua_gettop(L);
    for (;;) {
        enum json_piece piece = json_reader_next(reader);
        if (piece == PIECE_OBJECT_END)
            break;
        if (piece != PIECE_KEY)
            return false;
        push_text(L, reader);
        piece = json_reader_next(reader);
        if (piece == PIECE_NULL) {
            lua_pop(L, 1);
            continue;
        }
        if (!read_piece(L, reader, piece))
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

static bool read_array(lua_State *L, struct json_reader *reader)
{
    int in_hand = 0;
    lua_Integer done = 0;
    lua_pushnil(L);
    int slot = lua_gettop(L);
    for (;;) {
        enum json_piece piece = json_reader_next(reader);
        bool is_end = piece == PIECE_ARRAY_END;
        if (!is_end && !read_piece(L, reader, piece))
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
static bool read_piece(lua_State *L, struct json_reader *reader, enum json_piece piece)
{
    luaL_checkstack(L, 8, NULL);
    switch (piece) {
    case PIECE_OBJECT_BEGIN:
        return read_object(L, reader);
    case PIECE_ARRAY_BEGIN:
        return read_array(L, reader);
    case PIECE_TEXT:
        push_text(L, reader);
        return true;
    case PIECE_INT:
        lua_pushinteger(L, reader->integer);
        return true;
    case PIECE_REAL:
        push_real(L, reader->real);
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

int lua_util_read_json(lua_State *L, const char *text, size_t len, struct err *err)
{
    int top = lua_gettop(L);
    struct json_reader reader;
    json_reader_init(&reader, text, len);
    if (read_piece(L, &reader, json_reader_next(&reader)) &&
        json_reader_next(&reader) == PIECE_DONE)
        return OK;
    lua_settop(L, top);
    if (reader.is_too_deep)
        return err_set(err, ERR_LIMIT, "JSON %s", reader.problem);
    return err_set(err, ERR_SYNTAX, "not JSON: %s, at byte %zu", reader.problem, reader.at);
}
