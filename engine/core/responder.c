/* The queries read memberships only, never the person: a row costs one step in a covering key. */
#include "core/responder.h"

#include "base/mem.h"
#include "store/db.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PERSON, VIA, LEVEL }; /* columns */

static const char ON_CALL[] =
    "SELECT person_id, service, level FROM oncall WHERE (starts_at_ms IS NULL OR starts_at_ms <= ?)"
    " AND (ends_at_ms IS NULL OR ends_at_ms > ?) ORDER BY level, id";
static const char ON_CALL_LEVEL[] = "SELECT person_id, service, level FROM oncall WHERE level = ? "
                                    "AND (starts_at_ms IS NULL OR starts_at_ms <= ?)"
                                    " AND (ends_at_ms IS NULL OR ends_at_ms > ?)";
static const char ON_CALL_OF[] =
    "SELECT person_id, service, level FROM oncall WHERE (starts_at_ms IS NULL OR starts_at_ms <= ?)"
    " AND (ends_at_ms IS NULL OR ends_at_ms > ?) AND (? = 0 OR level = ?) AND (? IS NULL OR "
    "service = ?)"
    " AND (? IS NULL OR provider = ?) ORDER BY level, id";
static const char GROUP_BY_HANDLE[] = "SELECT id, handle FROM usergroup WHERE handle = ? AND "
                                      "is_active = 1 ORDER BY platform, id LIMIT 1";
static const char GROUP_BY_ID[] = "SELECT id, handle FROM usergroup WHERE (id = ? OR external_id = "
                                  "?) AND is_active = 1 ORDER BY platform, id LIMIT 1";
static const char GROUP_MEMBERS[] = "SELECT person_id FROM usergroup_member WHERE usergroup_id = ?";
static const char TAG_MEMBERS[] =
    "SELECT m.person_id, g.handle FROM usergroup g JOIN usergroup_member m ON m.usergroup_id = g.id"
    " WHERE g.tag = ? AND g.is_active = 1";
static const char CONVERSATION_BY_TAG[] = "SELECT id, name FROM conversation WHERE tag = ?";
static const char CONVERSATION_BY_ID[] =
    "SELECT id, name FROM conversation WHERE id = ? OR external_id = ? ORDER BY +platform LIMIT 1";
static const char CONVERSATION_MEMBERS[] =
    "SELECT person_id FROM conversation_member WHERE conversation_id = ?";
static const char CATEGORY_GROUPS[] =
    "SELECT m.person_id, g.handle FROM usergroup_category l JOIN usergroup g ON g.id = "
    "l.usergroup_id"
    " JOIN usergroup_member m ON m.usergroup_id = g.id WHERE l.category_id = ? AND g.is_active = 1";
static const char CATEGORY_CONVERSATIONS[] =
    "SELECT m.person_id, c.name FROM conversation_category l JOIN conversation c ON c.id = "
    "l.conversation_id"
    " JOIN conversation_member m ON m.conversation_id = c.id WHERE l.category_id = ?";
static const char PERSON_BY_EMAIL[] = "SELECT id FROM person WHERE email = ?";
static const char ROLE_EXISTS[] = "SELECT 1 FROM role_type WHERE slug = ?";
static const char ROLE_HOLDERS[] =
    "SELECT h.person_id, r.name FROM incident_role h JOIN role_type r ON r.id = h.role_type_id"
    " WHERE h.incident_id = ? AND r.slug = ?";

/* What a row's `via` column becomes: "@handle". */
struct wording {
    char sign;         /* in front of the text; 0: none */
    bool is_on_call;   /* "on call for SERVICE (level 1)" */
    const char *fixed; /* the same for all rows; NULL: the column */
};

/* The rows of one group follow each other: the reason is put into words once for them. */
struct via {
    const struct wording *wording;
    char raw[400];
    int64_t level;
    char text[500]; /* "": none yet */
};

static const char *word_via(struct via *via, struct stmt *stmt)
{
    const struct wording *wording = via->wording;
    const char *raw = wording->fixed ? wording->fixed : stmt_text(stmt, VIA);
    int64_t level = wording->is_on_call ? stmt_int(stmt, LEVEL) : 0;
    raw = raw ? raw : "";
    if (via->text[0] && level == via->level && strcmp(raw, via->raw) == 0)
        return via->text;
    copy_text(via->raw, sizeof(via->raw), raw);
    via->level = level;
    if (wording->is_on_call)
        snprintf(via->text, sizeof(via->text), "on call%s%s (level %" PRId64 ")",
                 *raw ? " for " : "", via->raw, level);
    else if (wording->sign)
        snprintf(via->text, sizeof(via->text), "%c%s", wording->sign, via->raw);
    else
        copy_text(via->text, sizeof(via->text), via->raw);
    return via->text;
}

/* Hands out all rows and ends the statement. */
static int hand_out(const struct responder_search *search, struct stmt *stmt,
                    const struct wording *wording, struct err *err)
{
    struct via via = { .wording = wording };
    int rc, count = 0;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        if (++count > RESPONDERS_MAX) {
            rc = err_set(err, ERR_LIMIT, "more than %d people", RESPONDERS_MAX);
            break;
        }
        search->found(search->arg, stmt_text(stmt, PERSON), word_via(&via, stmt));
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

int responders_on_call(const struct responder_search *search, int64_t level, const char *service,
                       const char *provider, struct err *err)
{
    static const struct wording WORDING = { .is_on_call = true };
    int64_t now = search->now_ms;
    struct stmt *stmt;
    if (service || provider)
        stmt = tx_query(search->tx, err, ON_CALL_OF, "iiiitttt", now, now, level, level, service,
                        service, provider, provider);
    else if (level > 0)
        stmt = tx_query(search->tx, err, ON_CALL_LEVEL, "iii", level, now, now);
    else
        stmt = tx_query(search->tx, err, ON_CALL, "ii", now, now);
    return stmt ? hand_out(search, stmt, &WORDING, err) : err->code;
}

/* A thing that is named in several ways. */
struct named {
    char id[80], name[400];
    bool is_found;
};

static int read_named(struct stmt *stmt, struct named *named, struct err *err)
{
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW) {
        const char *id = stmt_text(stmt, 0);
        copy_text(named->id, sizeof(named->id), id);
        const char *name = stmt_text(stmt, 1);
        copy_text(named->name, sizeof(named->name), name);
        named->is_found = true;
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

int responders_of_usergroup(const struct responder_search *search, const char *name,
                            struct err *err)
{
    struct named group = { .is_found = false };
    const char *handle = name[0] == '@' ? name + 1 : name;
    int rc = read_named(tx_query(search->tx, err, GROUP_BY_HANDLE, "t", handle), &group, err);
    if (rc == OK && !group.is_found)
        rc = read_named(tx_query(search->tx, err, GROUP_BY_ID, "tt", name, name), &group, err);
    if (rc == OK && !group.is_found)
        rc = err_set(err, ERR_NOT_FOUND, "there is no user group \"%s\"", name);
    if (rc != OK)
        return rc;
    const struct wording wording = { .sign = '@', .fixed = group.name[0] ? group.name : handle };
    struct stmt *stmt = tx_query(search->tx, err, GROUP_MEMBERS, "t", group.id);
    return stmt ? hand_out(search, stmt, &wording, err) : err->code;
}

int responders_of_usergroup_tag(const struct responder_search *search, const char *tag,
                                struct err *err)
{
    static const struct wording WORDING = { .sign = '@' };
    struct stmt *stmt = tx_query(search->tx, err, TAG_MEMBERS, "t", tag);
    return stmt ? hand_out(search, stmt, &WORDING, err) : err->code;
}

int responders_of_conversation(const struct responder_search *search, const char *name,
                               struct err *err)
{
    struct named conversation = { .is_found = false };
    int rc =
        read_named(tx_query(search->tx, err, CONVERSATION_BY_TAG, "t", name), &conversation, err);
    if (rc == OK && !conversation.is_found)
        rc = read_named(tx_query(search->tx, err, CONVERSATION_BY_ID, "tt", name, name),
                        &conversation, err);
    if (rc == OK && !conversation.is_found)
        rc = err_set(err, ERR_NOT_FOUND, "there is no conversation \"%s\"", name);
    if (rc != OK)
        return rc;
    const struct wording wording = { .sign = '#',
                                     .fixed = conversation.name[0] ? conversation.name : name };
    struct stmt *stmt = tx_query(search->tx, err, CONVERSATION_MEMBERS, "t", conversation.id);
    return stmt ? hand_out(search, stmt, &wording, err) : err->code;
}

int responders_of_category_groups(const struct responder_search *search, const char *category_id,
                                  struct err *err)
{
    static const struct wording WORDING = { .sign = '@' };
    struct stmt *stmt = tx_query(search->tx, err, CATEGORY_GROUPS, "t", category_id);
    return stmt ? hand_out(search, stmt, &WORDING, err) : err->code;
}

int responders_of_category_conversations(const struct responder_search *search,
                                         const char *category_id, struct err *err)
{
    static const struct wording WORDING = { .sign = '#' };
    struct stmt *stmt = tx_query(search->tx, err, CATEGORY_CONVERSATIONS, "t", category_id);
    return stmt ? hand_out(search, stmt, &WORDING, err) : err->code;
}

int responders_person(const struct responder_search *search, const char *email, struct err *err)
{
    char lower[256];
    size_t len = strlen(email);
    if (len >= sizeof(lower))
        return err_set(err, ERR_NOT_FOUND, "nobody has an e-mail address of %zu characters", len);
    for (size_t i = 0; i <= len; i++)
        lower[i] = (char)tolower((unsigned char)email[i]);
    struct stmt *stmt = tx_query(search->tx, err, PERSON_BY_EMAIL, "t", lower);
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW)
        search->found(search->arg, stmt_text(stmt, PERSON), "named by the strategy");
    else if (rc == DB_DONE)
        rc = err_set(err, ERR_NOT_FOUND, "nobody has the e-mail address %s", email);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

int responders_of_role(const struct responder_search *search, int64_t incident_id, const char *slug,
                       struct err *err)
{
    static const struct wording WORDING = { .sign = 0 };
    int rc;
    if (tx_get_int(search->tx, &rc, err, 0, ROLE_EXISTS, "t", slug) == 0)
        return rc < 0 ? rc : err_set(err, ERR_NOT_FOUND, "there is no role \"%s\"", slug);
    struct stmt *stmt = tx_query(search->tx, err, ROLE_HOLDERS, "it", incident_id, slug);
    return stmt ? hand_out(search, stmt, &WORDING, err) : err->code;
}
