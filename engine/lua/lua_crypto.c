/* engine.crypto - digests, comparison in constant time, random values. */
#include "base/clock.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "net/verify.h"

/*** HMAC-SHA256.
 * @function crypto.hmac_sha256_hex(key, data)
 * @param key string
 * @param data string raw bytes
 * @return string 64 lower-case hex digits
 * @nowait
 */
static int l_crypto_hmac_sha256_hex(lua_State *L)
{
    size_t key_len, len;
    const char *key = luaL_checklstring(L, 1, &key_len), *data = luaL_checklstring(L, 2, &len);
    char hex[65];
    verify_hmac_sha256_hex(key, key_len, data, len, hex);
    lua_pushstring(L, hex);
    return 1;
}

/*** SHA-256.
 * @function crypto.sha256_hex(data)
 * @param data string raw bytes
 * @return string 64 lower-case hex digits
 * @nowait
 */
static int l_crypto_sha256_hex(lua_State *L)
{
    size_t len;
    const char *data = luaL_checklstring(L, 1, &len);
    char hex[65];
    verify_sha256_hex(data, len, hex);
    lua_pushstring(L, hex);
    return 1;
}

/*** Whether two texts are the same, in a time that does not tell where they differ.
 * @function crypto.equal(a, b)
 * @param a string
 * @param b string
 * @return boolean
 * @nowait
 */
static int l_crypto_equal(lua_State *L)
{
    size_t a_len, b_len;
    const char *a = luaL_checklstring(L, 1, &a_len), *b = luaL_checklstring(L, 2, &b_len);
    lua_pushboolean(L, verify_equal(a, a_len, b, b_len));
    return 1;
}

/*** Random bytes from the system's generator.
 * @function crypto.random_hex(bytes)
 * @param bytes integer 1 to 64
 * @return string two hex digits a byte
 * @nowait
 */
static int l_crypto_random_hex(lua_State *L)
{
    lua_Integer bytes = luaL_checkinteger(L, 1);
    char hex[129];
    luaL_argcheck(L, bytes >= 1 && bytes <= 64, 1, "1 to 64 bytes");
    verify_random_hex(hex, (int)bytes);
    lua_pushstring(L, hex);
    return 1;
}

/*** A random (version 4) UUID.
 * @function crypto.uuid()
 * @return string 36 characters
 * @nowait
 */
static int l_crypto_uuid(lua_State *L)
{
    char id[37];
    clock_uuid4(id);
    lua_pushstring(L, id);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "hmac_sha256_hex", l_crypto_hmac_sha256_hex },
    { "sha256_hex", l_crypto_sha256_hex },
    { "equal", l_crypto_equal },
    { "random_hex", l_crypto_random_hex },
    { "uuid", l_crypto_uuid },
    { NULL, NULL },
};

int luaopen_engine_crypto(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
