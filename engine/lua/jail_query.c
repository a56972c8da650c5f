#include "lua/jail_query.h"

#include "base/clock.h"
#include "lua/lua_util.h"
#include "store/db.h"

#include <lauxlib.h>
#include <string.h>

enum { ROWS_MAX = 20000, PARAMETERS_MAX = 3, COLUMNS_MAX = 4 };

#define PEOPLE "SELECT p.id, p.name, p.email, p.username FROM person p "
#define PRESENT "p.is_active = 1 AND p.is_bot = 0"

/* A query by name. <types>: of its parameters, s text, i integer, t now (not a parameter of the script's). */
struct query {
    const char *name, *types, *sql;
    const char *columns[COLUMNS_MAX + 1];
};

static const struct query QUERIES[] = {
    { "usergroup", "ss", "SELECT id, handle, name FROM usergroup WHERE is_active = 1 AND (handle = ? OR external_id = ?)",
      { "id", "handle", "name" } },
    { "usergroups_with_tag", "s", "SELECT id, handle, name FROM usergroup WHERE is_active = 1 AND tag = ? ORDER BY handle",
      { "id", "handle", "name" } },
    { "usergroups_of_category", "s",
      "SELECT g.id, g.handle, g.name FROM usergroup g JOIN usergroup_category c ON c.usergroup_id = g.id"
      " WHERE g.is_active = 1 AND c.category_id = ? ORDER BY g.handle",
      { "id", "handle", "name" } },
    { "usergroup_members", "s", PEOPLE "JOIN usergroup_member m ON m.person_id = p.id WHERE m.usergroup_id = ? AND " PRESENT,
      { "id", "name", "email", "username" } },
    { "conversation", "ss", "SELECT id, name FROM conversation WHERE tag = ? OR external_id = ?", { "id", "name" } },
    { "conversations_of_category", "s",
      "SELECT v.id, v.name FROM conversation v JOIN conversation_category c ON c.conversation_id = v.id"
      " WHERE c.category_id = ? ORDER BY v.name",
      { "id", "name" } },
    { "conversation_members", "s",
      PEOPLE "JOIN conversation_member m ON m.person_id = p.id WHERE m.conversation_id = ? AND " PRESENT,
      { "id", "name", "email", "username" } },
    { "on_call", "itt",
      PEOPLE "JOIN oncall o ON o.person_id = p.id WHERE o.level = ? AND (o.starts_at_ms IS NULL OR o.starts_at_ms <= ?)"
      " AND (o.ends_at_ms IS NULL OR o.ends_at_ms > ?) AND " PRESENT " GROUP BY p.id, p.name, p.email, p.username",
      { "id", "name", "email", "username" } },
    { "on_call_of_service", "istt",
      PEOPLE "JOIN oncall o ON o.person_id = p.id WHERE o.level = ? AND o.service = ?"
      " AND (o.starts_at_ms IS NULL OR o.starts_at_ms <= ?) AND (o.ends_at_ms IS NULL OR o.ends_at_ms > ?) AND " PRESENT
      " GROUP BY p.id, p.name, p.email, p.username",
      { "id", "name", "email", "username" } },
    { "person", "s", PEOPLE "WHERE p.email = ? AND " PRESENT, { "id", "name", "email", "username" } },
};

struct run {
    const struct query *query;
    struct db_value values[PARAMETERS_MAX + 1];
    int count;
    json_t *rows;
};

static json_t *read_row(struct stmt *stmt, const struct query *query)
{
    json_t *row = json_object();
    for (int i = 0; query->columns[i]; i++) {
        const char *text = stmt_text(stmt, i);
        json_object_set_new(row, query->columns[i], text ? json_string(text) : json_null());
    }
    return row;
}

static int read_rows(struct tx *tx, void *arg, struct err *err)
{
    struct run *run = arg;
    struct stmt *stmt = tx_query_values(tx, err, run->query->sql, run->values, run->count);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        json_array_append_new(run->rows, read_row(stmt, run->query));
        if (json_array_size(run->rows) >= ROWS_MAX) {
            rc = err_set(err, ERR_LIMIT, "find: more than %d people in one answer", ROWS_MAX);
            break;
        }
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* throws. Reads the script's arguments. */
static void check_values(lua_State *L, struct run *run)
{
    int index = 1;
    for (const char *type = run->query->types; *type; type++) {
        struct db_value *value = &run->values[run->count++];
        if (*type == 't') {
            *value = (struct db_value){ .type = 'i', .i = clock_now_ms() };
        } else if (*type == 'i') {
            *value = (struct db_value){ .type = 'i', .i = luaL_checkinteger(L, index++) };
        } else {
            *value = (struct db_value){ .type = 'n' };
            value->t = luaL_checklstring(L, index++, &value->n);
        }
    }
}

static int l_rows_gc(lua_State *L)
{
    json_t **box = lua_touserdata(L, 1);
    json_decref(*box);
    *box = NULL;
    return 0;
}

/* One function for all queries; upvalues: the query, the database. */
static int l_query(lua_State *L)
{
    struct run run = { .query = lua_touserdata(L, lua_upvalueindex(1)) };
    struct db *db = lua_touserdata(L, lua_upvalueindex(2));
    struct err err = { 0 };
    check_values(L, &run);
    json_t **box = lua_newuserdatauv(L, sizeof(*box), 0);
    *box = NULL;
    luaL_setmetatable(L, "jail.rows");
    run.rows = *box = json_array();
    if (db_read_now(db, read_rows, &run, &err) != OK)
        return luaL_error(L, "find: %s", err.msg);
    lua_util_push_json(L, *box);
    return 1;
}

/* Which line of the strategy asks: the innermost function of a file of strategies/. 0 when there is none. */
static int l_line(lua_State *L)
{
    lua_Debug at;
    for (int level = 1; lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (strstr(at.source, "strategies/")) {
            lua_pushinteger(L, at.currentline);
            return 1;
        }
    }
    lua_pushinteger(L, 0);
    return 1;
}

void jail_query_push(lua_State *L, struct db *db)
{
    if (luaL_newmetatable(L, "jail.rows")) {
        lua_pushcfunction(L, l_rows_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof(QUERIES) / sizeof(QUERIES[0]); i++) {
        lua_pushlightuserdata(L, (void *)&QUERIES[i]);
        lua_pushlightuserdata(L, db);
        lua_pushcclosure(L, l_query, 2);
        lua_setfield(L, -2, QUERIES[i].name);
    }
    lua_pushcfunction(L, l_line);
    lua_setfield(L, -2, "line");
}
