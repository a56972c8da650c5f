/* engine.crypto - digests, comparison in constant time, random values. */
#include "base/clock.h"
#include "lua/lua_modules.h"
#include "net/verify.h"

#include <lauxlib.h>

enum { HEX_SIZE = 65, RANDOM_MAX = 64 };

/*** HMAC-SHA256.
 * @function crypto.hmac_sha256_hex(key, data)
 * @param key string
 * @param data string raw bytes
 * @return string digest 64 lower-case hex digits
 * @nowait
 */
static int l_crypto_hmac_sha256_hex(lua_State *L)
{
    size_t key_len, len;
    const char *key = luaL_checklstring(L, 1, &key_len);
    const char *data = luaL_checklstring(L, 2, &len);
    char hex[HEX_SIZE];
    verify_hmac_sha256_hex(key, key_len, data, len, hex);
    lua_pushstring(L, hex);
    return 1;
}

/*** SHA-256.
 * @function crypto.sha256_hex(data)
 * @param data string raw bytes
 * @return string digest 64 lower-case hex digits
 * @nowait
 */
static int l_crypto_sha256_hex(lua_State *L)
{
    size_t len;
    const char *data = luaL_checklstring(L, 1, &len);
    char hex[HEX_SIZE];
    verify_sha256_hex(data, len, hex);
    lua_pushstring(L, hex);
    return 1;
}

/*** Whether two texts are the same, in a time that does not tell where they differ.
 * @function crypto.equal(a, b)
 * @param a string
 * @param b string
 * @return boolean is_equal
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
 * @return string digits two hex digits a byte
 * @nowait
 */
static int l_crypto_random_hex(lua_State *L)
{
    lua_Integer bytes = luaL_checkinteger(L, 1);
    char hex[2 * RANDOM_MAX + 1];
    luaL_argcheck(L, bytes >= 1 && bytes <= RANDOM_MAX, 1, "1 to 64 bytes");
    verify_random_hex(hex, (int)bytes);
    lua_pushstring(L, hex);
    return 1;
}

/*** A random (version 4) UUID.
 * @function crypto.uuid()
 * @return string uuid 36 characters
 * @nowait
 */
static int l_crypto_uuid(lua_State *L)
{
    char id[37];
    clock_uuid4(id);
    lua_pushstring(L, id);
    return 1;
}

/*** Base64 with padding, as headers and Basic authentication need it.
 * @function crypto.base64(data)
 * @param data string raw bytes
 * @return string text
 * @nowait
 */
static int l_crypto_base64(lua_State *L)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len;
    const unsigned char *data = (const unsigned char *)luaL_checklstring(L, 1, &len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned group = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
                         (left > 2 ? data[i + 2] : 0);
        luaL_addchar(&out, DIGITS[group >> 18]);
        luaL_addchar(&out, DIGITS[group >> 12 & 63]);
        luaL_addchar(&out, left > 1 ? DIGITS[group >> 6 & 63] : '=');
        luaL_addchar(&out, left > 2 ? DIGITS[group & 63] : '=');
    }
    luaL_pushresult(&out);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "hmac_sha256_hex", l_crypto_hmac_sha256_hex },
    { "sha256_hex", l_crypto_sha256_hex },
    { "equal", l_crypto_equal },
    { "random_hex", l_crypto_random_hex },
    { "uuid", l_crypto_uuid },
    { "base64", l_crypto_base64 },
    { NULL, NULL },
};

int luaopen_engine_crypto(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
