#define _GNU_SOURCE /* memmem */
#include "lua/string_patterns.h"

#include "lua/pattern.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

enum { DEAR_STEPS = 100 * 1000 }; /* so many may take a millisecond: time to look at the clock */

/* ---- what a match gives */

/* The match itself is from <from> to <to>. */
static void push_capture(lua_State *L, const struct pattern_match *m, int i, const char *from,
                         const char *to)
{
    if (i >= m->count) {
        if (i != 0)
            luaL_error(L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(L, from, (size_t)(to - from));
        return;
    }
    const struct pattern_capture *capture = &m->captures[i];
    if (capture->len == CAPTURE_OPEN)
        luaL_error(L, "unfinished capture");
    if (capture->len == CAPTURE_POSITION)
        lua_pushinteger(L, capture->at - m->subject + 1);
    else
        lua_pushlstring(L, capture->at, (size_t)capture->len);
}

/* The captures; without any the whole match, unless <from> is NULL. */
static int push_captures(lua_State *L, const struct pattern_match *m, const char *from,
                         const char *to)
{
    int count = m->count == 0 && from ? 1 : m->count;
    luaL_checkstack(L, count, "too many captures");
    for (int i = 0; i < count; i++)
        push_capture(L, m, i, from, to);
    return count;
}

/* After much work the hook that watches the script's time is due at the next instruction. */
static void account(lua_State *L, const struct pattern_match *m)
{
    if (pattern_steps(m) >= DEAR_STEPS && (lua_gethookmask(L) & LUA_MASKCOUNT))
        lua_sethook(L, lua_gethook(L), LUA_MASKCOUNT, 1);
}

static const char *match(lua_State *L, struct pattern_match *m, const char *at, const char *pattern)
{
    const char *end = pattern_match(m, at, pattern);
    if (m->error[0]) {
        account(L, m);
        luaL_error(L, "%s", m->error);
    }
    return end;
}

/* ---- find and match */

/* A position as scripts give it, from 1, negative from the end; as an offset. */
static size_t offset_of(lua_Integer position, size_t len)
{
    if (position > 0)
        return (size_t)position - 1;
    if (position == 0 || position < -(lua_Integer)len)
        return 0;
    return len + (size_t)position;
}

static bool has_no_signs(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i]))
            return false;
    return true;
}

static int find_plain(lua_State *L, const char *subject, size_t from, size_t len,
                      const char *wanted, size_t wanted_len)
{
    const char *found = memmem(subject + from, len - from, wanted, wanted_len);
    if (!found) {
        luaL_pushfail(L);
        return 1;
    }
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, found - subject + (lua_Integer)wanted_len);
    return 2;
}

static int search(lua_State *L, bool is_find)
{
    size_t len, pattern_len;
    const char *subject = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
    if (from > len) {
        luaL_pushfail(L);
        return 1;
    }
    if (is_find && (lua_toboolean(L, 4) || has_no_signs(pattern, pattern_len)))
        return find_plain(L, subject, from, len, pattern, pattern_len);
    struct pattern_match m;
    pattern_begin(&m, subject, len, pattern, pattern_len);
    bool is_anchored = pattern_len > 0 && *pattern == '^';
    const char *at = subject + from, *end;
    if (!is_anchored)
        at = pattern_skip(&m, at, pattern);
    while (!(end = match(L, &m, at, pattern + is_anchored)) && !is_anchored && at < m.subject_end)
        at = pattern_skip(&m, at + 1, pattern);
    account(L, &m);
    if (!end) {
        luaL_pushfail(L);
        return 1;
    }
    if (!is_find)
        return push_captures(L, &m, at, end);
    lua_pushinteger(L, at - subject + 1);
    lua_pushinteger(L, end - subject);
    return push_captures(L, &m, NULL, NULL) + 2;
}

static int l_find(lua_State *L)
{
    return search(L, true);
}

static int l_match(lua_State *L)
{
    return search(L, false);
}

/* ---- gmatch */

/* Upvalues: subject, pattern, where to go on and where the last match ended (-1 before the first), both offsets. */
static int next_match(lua_State *L)
{
    size_t len, pattern_len;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &len);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_len);
    size_t from = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    struct pattern_match m;
    pattern_begin(&m, subject, len, pattern, pattern_len);
    for (; from <= len; from++) {
        from = (size_t)(pattern_skip(&m, subject + from, pattern) - subject);
        const char *end = match(L, &m, subject + from, pattern);
        if (!end || end - subject == last)
            continue;
        account(L, &m);
        lua_pushinteger(L, end - subject);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(L, &m, subject + from, end);
    }
    account(L, &m);
    lua_pushinteger(L, (lua_Integer)len + 1);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

static int l_gmatch(lua_State *L)
{
    size_t len;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(from > len ? len + 1 : from));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/* ---- gsub */

/* "%1" in a replacement: the captures of the match from <from> to <to>. */
static void add_text(lua_State *L, const struct pattern_match *m, luaL_Buffer *out,
                     const char *from, const char *to)
{
    size_t len;
    const char *text = lua_tolstring(L, 3, &len);
    const char *end = text + len, *sign;
    while ((sign = memchr(text, '%', (size_t)(end - text)))) {
        luaL_addlstring(out, text, (size_t)(sign - text));
        char next = sign + 1 < end ? sign[1] : '\0';
        if (next == '%') {
            luaL_addchar(out, '%');
        } else if (next == '0') {
            luaL_addlstring(out, from, (size_t)(to - from));
        } else if (next >= '1' && next <= '9') {
            push_capture(L, m, next - '1', from, to);
            luaL_tolstring(L, -1, NULL);
            lua_remove(L, -2);
            luaL_addvalue(out);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
        text = sign + 2;
    }
    luaL_addlstring(out, text, (size_t)(end - text));
}

/* What a table or a function says for the match; false and nil keep it as it is. True when it changes. */
static bool add_answer(lua_State *L, const struct pattern_match *m, luaL_Buffer *out,
                       const char *from, const char *to)
{
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, m, from, to), 1);
    } else {
        push_capture(L, m, 0, from, to);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, from, (size_t)(to - from));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(out);
    return true;
}

static bool add_replacement(lua_State *L, const struct pattern_match *m, luaL_Buffer *out,
                            const char *from, const char *to)
{
    if (!lua_isstring(L, 3))
        return add_answer(L, m, out, from, to);
    add_text(L, m, out, from, to);
    return true;
}

static int l_gsub(lua_State *L)
{
    size_t len, pattern_len;
    const char *subject = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    int kind = lua_type(L, 3);
    luaL_argexpected(L,
                     kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION ||
                         kind == LUA_TTABLE,
                     3, "string/function/table");
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1), count = 0;
    bool is_anchored = pattern_len > 0 && *pattern == '^', has_changed = false;
    struct pattern_match m;
    pattern_begin(&m, subject, len, pattern, pattern_len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    const char *at = subject, *last = NULL;
    while (count < most) {
        const char *from = at;
        if (!is_anchored)
            at = pattern_skip(&m, at, pattern);
        luaL_addlstring(&out, from, (size_t)(at - from));
        const char *end = match(L, &m, at, pattern + is_anchored);
        if (end && end != last) {
            count++;
            has_changed |= add_replacement(L, &m, &out, at, end);
            at = last = end;
        } else if (at < m.subject_end) {
            luaL_addchar(&out, *at++);
        } else {
            break;
        }
        if (is_anchored)
            break;
    }
    account(L, &m);
    if (has_changed) {
        luaL_addlstring(&out, at, (size_t)(m.subject_end - at));
        luaL_pushresult(&out);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

void string_patterns_install(lua_State *L)
{
    static const luaL_Reg FUNCTIONS[] = {
        { "find", l_find }, { "match", l_match }, { "gmatch", l_gmatch },
        { "gsub", l_gsub }, { NULL, NULL },
    };
    luaL_setfuncs(L, FUNCTIONS, 0);
}
