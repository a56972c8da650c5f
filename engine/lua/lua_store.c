/* engine.store - values that scripts keep, by scope and key: any JSON, for a while or for good.
 * Each call is one transaction. */
#include "core/engine.h"
#include "core/op.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"
#include "lua/state.h"
#include "lua/task.h"

struct store_wait {
    struct task_wait wait;
    const char *member; /* of the answer: what the call returns; NULL: the answer itself */
    json_t *answer;
    struct err err;
};

static void on_answer(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    struct store_wait *store = arg;
    if (rc != OK)
        store->err = *err;
    else
        store->answer = json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (rc == OK && !store->answer)
        err_set(&store->err, ERR_BUG, "the store's answer is no JSON");
    task_wait_complete(&store->wait);
}

static int push_answer(lua_State *L, struct task_wait *wait)
{
    struct store_wait *store = (struct store_wait *)wait;
    if (!store->answer)
        return lua_util_push_err(L, &store->err);
    const json_t *value =
        store->member ? json_object_get(store->answer, store->member) : store->answer;
    if (!value)
        lua_pushboolean(L, true);
    else if (json_is_null(value))
        lua_pushnil(L);
    else
        lua_util_push_json(L, value);
    return 1;
}

static void fini_wait(struct task_wait *wait)
{
    json_decref(((struct store_wait *)wait)->answer);
}

/* Submits <op_name> with scope and key, and the value at index 3 when <has_value>; <member> of its
 * answer is the call's. */
static int submit(lua_State *L, const char *what, const char *op_name, const char *member,
                  bool has_value)
{
    static const char *const KEYS[] = { "ttl", NULL };
    static const struct task_wait_ops OPS = { "store", push_answer, NULL, fini_wait };
    const char *scope = luaL_checkstring(L, 1), *key = luaL_checkstring(L, 2);
    int64_t ttl_ms = 0;
    if (has_value) {
        luaL_checkany(L, 3);
        struct options options = options_check(L, 4, what, KEYS);
        ttl_ms = options_duration(&options, "ttl", 0);
    }
    struct engine *engine = state_engine(L);
    struct store_wait *store = task_wait_new(L, &OPS, sizeof(*store));
    store->member = member;
    json_t *value = has_value ? lua_util_to_json(L, 3, &store->err) : NULL;
    if (has_value && !value)
        return lua_util_push_err(L, &store->err);
    json_t *args = json_pack("{s:s, s:s}", "scope", scope, "key", key);
    if (!args) {
        json_decref(value);
        err_field(&store->err, "key", "scope and key must be valid UTF-8");
        return lua_util_push_err(L, &store->err);
    }
    if (has_value)
        json_object_set_new(args, "value", value);
    if (ttl_ms > 0)
        json_object_set_new(args, "ttl_ms", json_integer(ttl_ms));
    op_submit(engine->db, op_find(op_name), args, &ACTOR_ENGINE, on_answer,
              task_wait_ref(&store->wait));
    return task_wait_yield(L, &store->wait);
}

/*** Reads a value.
 * @function store.get(scope, key)
 * @param scope string whose values they are, such as "draft"
 * @param key string
 * @return any|nil value nil when there is none, or its time is over
 * @return Error|nil err
 * @yields
 */
static int l_store_get(lua_State *L)
{
    return submit(L, "store.get", "kv.get", NULL, false);
}

/*** Keeps a value; an older one is replaced.
 * @function store.put(scope, key, value, options)
 * @param scope string
 * @param key string
 * @param value any what JSON can say
 * @param options {ttl: string?}|nil ttl: how long it is kept, "30m"; for good when absent
 * @return true|nil done once it is on disk
 * @return Error|nil err
 * @yields
 */
static int l_store_put(lua_State *L)
{
    return submit(L, "store.put", "kv.put", "", true);
}

/*** Keeps a value only where there is none: the first caller wins.
 * @function store.put_new(scope, key, value, options)
 * @param scope string
 * @param key string
 * @param value any what JSON can say
 * @param options {ttl: string?}|nil ttl: how long it is kept, "30m"; for good when absent
 * @return boolean|nil is_new false: there was one already
 * @return Error|nil err
 * @yields
 */
static int l_store_put_new(lua_State *L)
{
    return submit(L, "store.put_new", "kv.put_new", "is_new", true);
}

/*** Forgets a value.
 * @function store.delete(scope, key)
 * @param scope string
 * @param key string
 * @return true|nil done also when there was none
 * @return Error|nil err
 * @yields
 */
static int l_store_delete(lua_State *L)
{
    return submit(L, "store.delete", "kv.delete", "", false);
}

static const luaL_Reg FUNCTIONS[] = {
    { "get", l_store_get },       { "put", l_store_put }, { "put_new", l_store_put_new },
    { "delete", l_store_delete }, { NULL, NULL },
};

int luaopen_engine_store(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
