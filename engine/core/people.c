/* people - one person has at most one account a platform; accounts are matched by (platform,
 * external id), then by e-mail address. What a platform tells is never a reason to fail: a missing
 * or foreign e-mail address is left out, a taken username gets a suffix.
 * Read account_upsert() first. person_ops.c has the operations. */
#include "core/people.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/account.h"
#include "core/ids.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

static const char SELECT_ID[] = "SELECT 1 FROM person WHERE id = ?";
static const char SELECT_BY_EMAIL[] = "SELECT id FROM person WHERE email = ?";
static const char SELECT_USERNAME[] = "SELECT 1 FROM person WHERE username = ?";
static const char SELECT_BY_ACCOUNT[] =
    "SELECT u.id, u.email FROM account a JOIN person u ON u.id = a.person_id WHERE a.platform = ?"
    " AND a.external_id = ?";
static const char SELECT_ACCOUNT_OF[] =
    "SELECT is_active FROM account WHERE person_id = ? AND platform = ?";
static const char COUNT_ACCOUNTS[] = "SELECT COUNT(*) FROM account WHERE person_id = ?";
static const char INSERT_PERSON[] =
    "INSERT INTO person (id, username, email, name, first_name, last_name, avatar, is_bot,"
    " is_active, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char UPDATE_PERSON[] =
    "UPDATE person SET name = CASE WHEN ? = '' THEN name ELSE ? END, first_name = ?, last_name = ?,"
    " avatar = COALESCE(?, avatar), is_bot = ?, is_active = ?, updated_at_ms = ? WHERE id = ?";
static const char UPDATE_EMAIL[] = "UPDATE person SET email = ? WHERE id = ?";
static const char RETIRE_PERSON[] =
    "UPDATE person SET email = NULL, is_active = 0, updated_at_ms = ? WHERE id = ?";
static const char COPY_ONCALL[] =
    "INSERT INTO oncall (provider, service, level, person_id, starts_at_ms, ends_at_ms) SELECT"
    " provider, service, level, ?, starts_at_ms, ends_at_ms FROM oncall WHERE person_id = ? ON"
    " CONFLICT DO NOTHING";
static const char DELETE_ONCALL[] = "DELETE FROM oncall WHERE person_id = ?";
static const char INSERT_ACCOUNT[] =
    "INSERT INTO account (platform, external_id, person_id, handle, image, is_active, digest,"
    " seen_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char UPDATE_ACCOUNT[] =
    "UPDATE account SET handle = ?, image = ?, is_active = ?, digest = ?, seen_at_ms = ?,"
    " updated_at_ms = ? WHERE platform = ? AND external_id = ?";
static const char DELETE_ACCOUNT_OF[] = "DELETE FROM account WHERE person_id = ? AND platform = ?";

/* ---- looking up */

int person_exists(struct tx *tx, const char *id, bool *exists, struct err *err)
{
    int rc = OK;
    *exists = tx_get_int(tx, &rc, err, 0, SELECT_ID, "t", id) == 1;
    return rc;
}

/* Copies the first column of the first row; "" when there is none. Ends the statement. */
static int take_id(struct stmt *stmt, char id[PERSON_ID_SIZE], struct err *err)
{
    id[0] = '\0';
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW)
        copy_text(id, PERSON_ID_SIZE, stmt_text(stmt, 0));
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int find_by_email(struct tx *tx, const char *email, char id[PERSON_ID_SIZE], struct err *err)
{
    return take_id(tx_query(tx, err, SELECT_BY_EMAIL, "t", email), id, err);
}

/* ---- making */

static int is_username_taken(struct tx *tx, const char *username, bool *taken, struct err *err)
{
    int rc = OK;
    *taken = tx_get_int(tx, &rc, err, 0, SELECT_USERNAME, "t", username) == 1;
    return rc;
}

/* <base>, or <base> with a number, or at last with random digits. *out: caller frees. */
static int free_username(struct tx *tx, const char *base, char **out, struct err *err)
{
    enum { NUMBERS = 5 };
    char *name = xstrdup(base);
    for (int attempt = 2;; attempt++) {
        bool taken;
        int rc = is_username_taken(tx, name, &taken, err);
        if (rc != OK || !taken) {
            *out = name;
            return rc;
        }
        char id[ID_SIZE];
        clock_uuid4(id);
        free(name);
        name =
            attempt <= NUMBERS ? xasprintf("%s-%d", base, attempt) : xasprintf("%s-%.8s", base, id);
    }
}

static int insert_person(struct tx *tx, const struct profile *profile, bool with_email,
                         char id[PERSON_ID_SIZE], struct err *err)
{
    AUTO_FREE char *base = profile_username(profile);
    AUTO_FREE char *name = profile_display_name(profile);
    AUTO_FREE char *username = NULL;
    int64_t now_ms = clock_now_ms();
    int rc = free_username(tx, base, &username, err);
    if (rc != OK)
        return rc;
    id_new(id);
    rc = tx_exec(tx, err, INSERT_PERSON,
                 "tttt"
                 "nnn"
                 "bbii",
                 id, username, with_email && profile->email[0] ? profile->email : NULL,
                 *name ? name : username, profile->first_name.at ? profile->first_name.at : "",
                 profile->first_name.len, profile->last_name.at ? profile->last_name.at : "",
                 profile->last_name.len, profile->image.at, profile->image.len,
                 (int)profile->is_bot, (int)profile->is_active, now_ms, now_ms);
    return rc < 0 ? rc : OK;
}

int person_ensure_email(struct tx *tx, struct text email, struct text name, char id[PERSON_ID_SIZE],
                        struct err *err)
{
    struct profile profile = { .name = name, .is_active = true };
    email_lower(email, profile.email);
    int rc = find_by_email(tx, profile.email, id, err);
    return rc == OK && !id[0] ? insert_person(tx, &profile, true, id, err) : rc;
}

/* ---- accounts */

static int insert_account(struct tx *tx, const struct profile *profile, const char *person_id,
                          struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int rc = tx_exec(tx, err, INSERT_ACCOUNT,
                     "nnt"
                     "nnbtii",
                     profile->platform.at, profile->platform.len, profile->external_id.at,
                     profile->external_id.len, person_id, profile->handle.at, profile->handle.len,
                     profile->image.at, profile->image.len, (int)profile->is_active,
                     profile->digest, now_ms, now_ms);
    return rc < 0 ? rc : OK;
}

static int update_account(struct tx *tx, const struct profile *profile, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int rc = tx_exec(tx, err, UPDATE_ACCOUNT,
                     "nnbtii"
                     "nn",
                     profile->handle.at, profile->handle.len, profile->image.at, profile->image.len,
                     (int)profile->is_active, profile->digest, now_ms, now_ms, profile->platform.at,
                     profile->platform.len, profile->external_id.at, profile->external_id.len);
    return rc < 0 ? rc : OK;
}

static int update_person(struct tx *tx, const struct profile *profile, const char *person_id,
                         struct err *err)
{
    AUTO_FREE char *name = profile_display_name(profile);
    int rc = tx_exec(tx, err, UPDATE_PERSON, "ttnnnbbit", name, name,
                     profile->first_name.at ? profile->first_name.at : "", profile->first_name.len,
                     profile->last_name.at ? profile->last_name.at : "", profile->last_name.len,
                     profile->image.at, profile->image.len, (int)profile->is_bot,
                     (int)profile->is_active, clock_now_ms(), person_id);
    return rc < 0 ? rc : OK;
}

/* <owner>, who has no account anywhere, gives its e-mail address and its on-call duties to
 * <person_id> and retires. */
static int take_over(struct tx *tx, const char *owner, const char *person_id, struct err *err)
{
    int rc = tx_exec(tx, err, RETIRE_PERSON, "it", clock_now_ms(), owner);
    if (rc >= 0)
        rc = tx_exec(tx, err, COPY_ONCALL, "tt", person_id, owner);
    if (rc >= 0)
        rc = tx_exec(tx, err, DELETE_ONCALL, "t", owner);
    return rc < 0 ? rc : OK;
}

/* The platform tells another e-mail address than we know. */
static int change_email(struct tx *tx, const char *email, const char *person_id, struct err *err)
{
    char owner[PERSON_ID_SIZE];
    int rc = find_by_email(tx, email, owner, err);
    if (rc != OK)
        return rc;
    if (owner[0]) {
        int64_t accounts = tx_get_int(tx, &rc, err, 0, COUNT_ACCOUNTS, "t", owner);
        if (rc == OK && accounts > 0) {
            log_warn(LOG_ENGINE, 0,
                     "person %s keeps the old e-mail address: the new one belongs to person %s",
                     person_id, owner);
            return OK;
        }
        if (rc == OK)
            rc = take_over(tx, owner, person_id, err);
    }
    if (rc == OK)
        rc = tx_exec(tx, err, UPDATE_EMAIL, "tt", email, person_id);
    return rc < 0 ? rc : OK;
}

/* *id is the person the account belongs to, "" for an unknown account; *is_same_email also when the
 * platform tells none. */
static int find_by_account(struct tx *tx, const struct profile *profile, char id[PERSON_ID_SIZE],
                           bool *is_same_email, struct err *err)
{
    id[0] = '\0';
    struct stmt *stmt =
        tx_query(tx, err, SELECT_BY_ACCOUNT, "nn", profile->platform.at, profile->platform.len,
                 profile->external_id.at, profile->external_id.len);
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW) {
        const char *email = stmt_text(stmt, 1);
        copy_text(id, PERSON_ID_SIZE, stmt_text(stmt, 0));
        *is_same_email = !profile->email[0] || (email && strcmp(email, profile->email) == 0);
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* An unknown account: the person with its e-mail address, unless they have a living account on the
 * platform already. */
static int link_account(struct tx *tx, const struct profile *profile, char id[PERSON_ID_SIZE],
                        bool *is_new, struct err *err)
{
    enum { NO_ACCOUNT = -1 };
    int rc = OK;
    int64_t other = NO_ACCOUNT;
    id[0] = '\0';
    if (profile->email[0])
        rc = find_by_email(tx, profile->email, id, err);
    if (rc == OK && id[0])
        other = tx_get_int(tx, &rc, err, NO_ACCOUNT, SELECT_ACCOUNT_OF, "tn", id,
                           profile->platform.at, profile->platform.len);
    if (rc != OK)
        return rc;
    *is_new = !id[0] || other == 1;
    if (*is_new)
        rc = insert_person(tx, profile, other != 1, id, err);
    else
        rc = update_person(tx, profile, id, err);
    if (rc == OK && !*is_new && other == 0)
        rc = tx_exec(tx, err, DELETE_ACCOUNT_OF, "tn", id, profile->platform.at,
                     profile->platform.len);
    return rc < 0 ? rc : insert_account(tx, profile, id, err);
}

int account_upsert(struct tx *tx, const struct profile *profile, char id[PERSON_ID_SIZE],
                   bool *is_new, struct err *err)
{
    bool is_same_email = true;
    *is_new = false;
    int rc = find_by_account(tx, profile, id, &is_same_email, err);
    if (rc != OK)
        return rc;
    if (!id[0])
        return link_account(tx, profile, id, is_new, err);
    rc = update_person(tx, profile, id, err);
    if (rc == OK && !is_same_email)
        rc = change_email(tx, profile->email, id, err);
    return rc == OK ? update_account(tx, profile, err) : rc;
}
