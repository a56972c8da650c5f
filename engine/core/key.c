/* key - API keys. The key itself is shown once; the store keeps its SHA-256 and its first
 * characters, by which people know it. */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/rows.h"
#include "store/db.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SECRET_BYTES = 20,
    KEY_SIZE = 3 + 2 * SECRET_BYTES + 1,
    HASH_SIZE = 65,
    PREFIX_LEN = 9,
    KEY_LEAST = 32,
    KEY_MOST = 128
};
static const int64_t USE_NOTED_EVERY_MS = 60 * 1000;

static const char INSERT_KEY[] =
    "INSERT INTO api_key (name, prefix, hash, scopes, person_id, created_at_ms, expires_at_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, NULLIF(?, 0))";
static const char SELECT_KEYS[] =
    "SELECT k.id, k.name, k.prefix, k.scopes, k.person_id, k.created_at_ms, k.expires_at_ms,"
    " k.revoked_at_ms, k.last_used_at_ms, p.email FROM api_key k LEFT JOIN person p"
    " ON p.id = k.person_id ORDER BY k.id";
static const char SELECT_BY_HASH[] =
    "SELECT k.id, k.name, k.scopes, k.person_id, k.last_used_at_ms FROM api_key k"
    " LEFT JOIN person p ON p.id = k.person_id WHERE k.hash = ? AND k.revoked_at_ms IS NULL"
    " AND (k.expires_at_ms IS NULL OR k.expires_at_ms > ?)"
    " AND (k.person_id IS NULL OR p.is_active = 1)";
static const char REVOKE_KEY[] =
    "UPDATE api_key SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL";
static const char SELECT_KEY[] = "SELECT 1 FROM api_key WHERE id = ?";
static const char NOTE_USE[] =
    "UPDATE api_key SET last_used_at_ms = ? WHERE id = ? AND (last_used_at_ms IS NULL OR"
    " last_used_at_ms <= ?)";

static void write_hex(const unsigned char *bytes, size_t count, char *out)
{
    static const char HEX[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *out++ = HEX[bytes[i] >> 4];
        *out++ = HEX[bytes[i] & 15];
    }
    *out = '\0';
}

static int make_key(char key[KEY_SIZE], struct err *err)
{
    unsigned char secret[SECRET_BYTES];
    if (RAND_bytes(secret, sizeof(secret)) != 1)
        return err_set(err, ERR_BUG, "no random bytes for a key");
    memcpy(key, "hk_", 3);
    write_hex(secret, sizeof(secret), key + 3);
    return OK;
}

static int hash_key(struct text key, char hash[HASH_SIZE], struct err *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (EVP_Digest(key.at, key.len, sum, &len, EVP_sha256(), NULL) != 1 || len != 32)
        return err_set(err, ERR_BUG, "the key cannot be hashed");
    write_hex(sum, len, hash);
    return OK;
}

/* What key.create is asked for. */
struct wish {
    struct text name, scopes, person_id;
    struct text key; /* one that a program has already; .at NULL: a new one is made */
    int64_t expires_in_ms;
};

/* Words with blanks, each at most once: "read", "write" and "admin" open routes; "private": the key
 * sees private incidents, whoever it belongs to. */
static bool are_scopes(struct text scopes)
{
    static const char *const WORDS[] = { "read", "write", "admin", "private" };
    enum { COUNT = sizeof(WORDS) / sizeof(*WORDS) };
    bool is_named[COUNT] = { false };
    bool opens_any = false;
    const char *at = scopes.at, *end = scopes.at + scopes.len;
    while (at < end) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        size_t len = (size_t)((blank ? blank : end) - at);
        int word = 0;
        while (word < COUNT && (strlen(WORDS[word]) != len || memcmp(at, WORDS[word], len) != 0))
            word++;
        if (word == COUNT || is_named[word])
            return false;
        is_named[word] = true;
        opens_any |= strcmp(WORDS[word], "private") != 0;
        at += len + (blank != NULL);
    }
    return opens_any && end[-1] != ' ';
}

/* Long enough not to be guessed, and fit for a header. */
static bool is_key(struct text key)
{
    for (size_t i = 0; i < key.len; i++)
        if (!isalnum((unsigned char)key.at[i]) && !strchr("-._~+/=", key.at[i]))
            return false;
    return key.len >= KEY_LEAST;
}

static int read_wish(struct op_call *call, struct wish *wish)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, "name", "scopes", "expires_in_ms", "person_id", "key");
    if (rc != OK || (rc = args_text(&args, "name", 1, 100, &wish->name)) != OK ||
        (rc = args_text_optional(&args, "scopes", 1, 40, &wish->scopes)) != OK ||
        (rc = args_text_optional(&args, "person_id", 1, PERSON_ID_SIZE - 1, &wish->person_id)) !=
            OK ||
        (rc = args_text_optional(&args, "key", 1, KEY_MOST, &wish->key)) != OK ||
        (rc = args_int_optional(&args, "expires_in_ms", 1, INT64_C(1) << 50,
                                &wish->expires_in_ms)) != OK)
        return rc;
    if (wish->key.at && !is_key(wish->key))
        return args_fail(&args, "key",
                         "a key that is taken over has %d to %d letters, digits and -._~+/=",
                         KEY_LEAST, KEY_MOST);
    if (!wish->scopes.at)
        wish->scopes = text_of("read");
    if (!are_scopes(wish->scopes))
        return args_fail(
            &args, "scopes",
            "scopes are one or more of read, write, admin and private, such as \"read write\"");
    if (!wish->person_id.at)
        return OK;
    bool exists;
    AUTO_FREE char *person_id = text_dup(wish->person_id);
    rc = person_exists(call->tx, person_id, &exists, call->err);
    return rc == OK && !exists ? args_fail(&args, "person_id", "there is no such person") : rc;
}

static int audit_key(struct op_call *call, const char *action, int64_t id)
{
    char after[48];
    snprintf(after, sizeof(after), "{\"key_id\":%" PRId64 "}", id);
    struct audit_entry entry = { .action = action, .after = after };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

/* key.create {name, scopes?, expires_in_ms?, person_id?, key?} -> {id, key} */
static int key_create(struct op_call *call)
{
    struct wish wish = { 0 };
    char made[KEY_SIZE];
    char hash[HASH_SIZE];
    int rc = read_wish(call, &wish);
    if (rc == OK && !wish.key.at) {
        rc = make_key(made, call->err);
        wish.key = (struct text){ made, KEY_SIZE - 1 };
    }
    if (rc != OK || (rc = hash_key(wish.key, hash, call->err)) != OK)
        return rc;
    int64_t now_ms = clock_now_ms();
    rc = tx_exec(call->tx, call->err, INSERT_KEY, "nntnnii", wish.name.at, wish.name.len,
                 wish.key.at, (size_t)PREFIX_LEN, hash, wish.scopes.at, wish.scopes.len,
                 wish.person_id.at, wish.person_id.len, now_ms,
                 wish.expires_in_ms ? now_ms + wish.expires_in_ms : INT64_C(0));
    if (rc == ERR_CONFLICT)
        return err_set(call->err, ERR_CONFLICT,
                       "this key is here already; one that was revoked stays revoked");
    if (rc < 0)
        return rc;
    int64_t id = tx_insert_id(call->tx);
    rc = audit_key(call, "key.create", id);
    if (rc != OK)
        return rc;
    json_object_begin(call->out);
    json_put_int(call->out, "id", id);
    json_key(call->out, "key");
    json_text_n(call->out, wish.key.at, wish.key.len);
    json_object_finish(call->out);
    return OK;
}

static void write_key(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_text(w, "prefix", stmt_text(stmt, 2));
    json_put_text(w, "scopes", stmt_text(stmt, 3));
    json_put_text(w, "person_id", stmt_text(stmt, 4));
    json_put_text(w, "person_email", stmt_text(stmt, 9));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 5));
    json_put_column(w, "expires_at_ms", stmt, 6);
    json_put_column(w, "revoked_at_ms", stmt, 7);
    json_put_column(w, "last_used_at_ms", stmt, 8);
    json_object_finish(w);
}

/* key.list {} -> [{id, name, prefix, scopes, person_id, person_email, *_at_ms}] */
static int key_list(struct op_call *call)
{
    int rc = args_refuse_unknown(call, "");
    return rc != OK
               ? rc
               : op_write_rows(call, tx_query(call->tx, call->err, SELECT_KEYS, ""), write_key);
}

/* key.revoke {id} -> {}; a revoked one stays revoked */
static int key_revoke(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t id;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK)
        return rc;
    bool exists = tx_get_int(call->tx, &rc, call->err, 0, SELECT_KEY, "i", id) == 1;
    if (rc == OK && !exists)
        rc = err_set(call->err, ERR_NOT_FOUND, "there is no key %" PRId64, id);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, REVOKE_KEY, "ii", clock_now_ms(), id);
    if (rc > 0)
        rc = audit_key(call, "key.revoke", id);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

/* key.check {hash} -> {id, name, scopes, person_id, is_use_stale}; ERR_UNAUTHORIZED for unknown, revoked
 * and expired ones alike, and for those of people who are not active. is_use_stale: the caller should
 * submit key.used, which notes the last use (at most once a minute). */
static int key_check(struct op_call *call)
{
    struct args args = args_of(call);
    struct text hash;
    int rc = args_refuse_unknown(call, "hash");
    if (rc != OK || (rc = args_text(&args, "hash", 1, HASH_SIZE - 1, &hash)) != OK)
        return rc;
    int64_t now_ms = clock_now_ms();
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_BY_HASH, "ni", hash.at, hash.len, now_ms);
    if (!stmt)
        return call->err->code;
    rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        json_object_begin(call->out);
        json_put_int(call->out, "id", stmt_int(stmt, 0));
        json_put_text(call->out, "name", stmt_text(stmt, 1));
        json_put_text(call->out, "scopes", stmt_text(stmt, 2));
        json_put_text(call->out, "person_id", stmt_text(stmt, 3));
        json_put_bool(call->out, "is_use_stale", stmt_int(stmt, 4) <= now_ms - USE_NOTED_EVERY_MS);
        json_object_finish(call->out);
    }
    stmt_end(stmt);
    if (rc == DB_DONE)
        return err_set(call->err, ERR_UNAUTHORIZED, "this key is not valid");
    return rc < 0 ? rc : OK;
}

/* key.used {id} -> {} */
static int key_used(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t id;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK)
        return rc;
    int64_t now_ms = clock_now_ms();
    rc = tx_exec(call->tx, call->err, NOTE_USE, "iii", now_ms, id, now_ms - USE_NOTED_EVERY_MS);
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

const struct op KEY_OPS[] = {
    { "key.create", true, key_create,
      "{name, scopes?, expires_in_ms?, person_id?, key?}: makes an API key, shown once, or takes "
      "over one"
      " that a program has already -> {id, key}" },
    { "key.list", false, key_list, "{}: all keys, without their secrets" },
    { "key.revoke", true, key_revoke, "{id}: ends a key" },
    { "key.check", false, key_check,
      "{hash}: the living key with this SHA-256 (hex) -> {id, name, scopes, person_id, "
      "is_use_stale}" },
    { "key.used", true, key_used, "{id}: notes the last use, at most once a minute" },
    { 0 },
};
