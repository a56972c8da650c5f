#include "core/profile.h"

#include "base/utf8.h"
#include "core/people.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ID_MAX = 64, NAME_MAX_POINTS = 128, IMAGE_MAX = 1024, USERNAME_MAX = 130 };

void email_lower(struct text email, char out[EMAIL_SIZE])
{
    size_t len = email.len < EMAIL_SIZE - 1 ? email.len : EMAIL_SIZE - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)tolower((unsigned char)email.at[i]);
    out[len] = '\0';
}

bool people_is_email(struct text text)
{
    const char *at = text.at ? memchr(text.at, '@', text.len) : NULL;
    if (!at || text.len >= EMAIL_SIZE || at == text.at || at + 1 == text.at + text.len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f || text.at[i] == '<' ||
            text.at[i] == '>')
            return false;
    size_t rest = text.len - (size_t)(at + 1 - text.at);
    return !memchr(at + 1, '@', rest);
}

int people_read_email(const struct args *args, const char *key, struct text *out)
{
    int rc = args_text_optional(args, key, 1, EMAIL_SIZE - 1, out);
    if (rc == OK && out->at && !people_is_email(*out))
        return args_fail(args, key, "%s is not an e-mail address", key);
    return rc;
}

/* An optional text, cut at <max> code points; an empty one is absent. */
static int read_cut(const struct args *row, const char *key, size_t max, struct text *out)
{
    int rc = args_text_optional(row, key, 0, 0, out);
    if (rc != OK || !out->at)
        return rc;
    out->len = utf8_cut(out->at, out->len, max);
    if (out->len == 0)
        out->at = NULL;
    return OK;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* FNV-1a over the fields and their lengths. */
static void make_digest(struct profile *profile)
{
    const struct text fields[] = { profile->handle,    profile->name,  profile->first_name,
                                   profile->last_name, profile->image, text_of(profile->email) };
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        hash = hash_bytes(hash, fields[i].at, fields[i].len);
        hash = hash_bytes(hash, &fields[i].len, sizeof(fields[i].len));
    }
    char flags = (char)(profile->is_active * 2 + profile->is_bot);
    hash = hash_bytes(hash, &flags, 1);
    static const char HEX[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++)
        profile->digest[i] = HEX[(hash >> (60 - 4 * i)) & 15];
    profile->digest[16] = '\0';
}

static int read_email_leniently(const struct args *row, struct profile *profile)
{
    struct text email;
    int rc = args_text_optional(row, "email", 0, 0, &email);
    profile->email[0] = '\0';
    if (rc == OK && people_is_email(email))
        email_lower(email, profile->email);
    return rc;
}

int profile_read(const struct args *row, struct profile *profile)
{
    profile->is_active = true;
    profile->is_bot = false;
    int rc = args_text(row, "external_id", 1, ID_MAX, &profile->external_id);
    if (rc != OK || (rc = read_cut(row, "handle", NAME_MAX_POINTS, &profile->handle)) != OK ||
        (rc = read_cut(row, "name", NAME_MAX_POINTS, &profile->name)) != OK ||
        (rc = read_cut(row, "first_name", NAME_MAX_POINTS, &profile->first_name)) != OK ||
        (rc = read_cut(row, "last_name", NAME_MAX_POINTS, &profile->last_name)) != OK ||
        (rc = read_cut(row, "image", IMAGE_MAX, &profile->image)) != OK ||
        (rc = read_email_leniently(row, profile)) != OK ||
        (rc = args_bool_optional(row, "is_active", &profile->is_active)) != OK ||
        (rc = args_bool_optional(row, "is_bot", &profile->is_bot)) != OK)
        return rc;
    make_digest(profile);
    return OK;
}

char *profile_display_name(const struct profile *profile)
{
    if (profile->first_name.at && profile->last_name.at)
        return xasprintf("%.*s %.*s", (int)profile->first_name.len, profile->first_name.at,
                         (int)profile->last_name.len, profile->last_name.at);
    struct text name = profile->name.at ? profile->name : profile->handle;
    return name.at ? text_dup(name) : xstrdup("");
}

static bool is_username_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("@.+-_", c));
}

char *profile_username(const struct profile *profile)
{
    struct text source = profile->handle.at ? profile->handle : profile->external_id;
    if (profile->email[0])
        source = (struct text){ .at = profile->email, .len = strcspn(profile->email, "@") };
    char name[USERNAME_MAX + 1];
    size_t len = 0;
    for (size_t i = 0; i < source.len && len < USERNAME_MAX; i++)
        if (is_username_char(source.at[i]))
            name[len++] = (char)tolower((unsigned char)source.at[i]);
    name[len] = '\0';
    return xstrdup(len ? name : "user");
}
