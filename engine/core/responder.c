/* The queries read memberships only, never the person: a row costs one step in a covering key. What all rows of a list
 * have in common is asked for once. */
#include "core/responder.h"

#include "base/mem.h"
#include "store/db.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PERSON, SERVICE, LEVEL }; /* columns */

static const char ON_CALL[] =
    "SELECT person_id, service, level FROM oncall WHERE (starts_at_ms IS NULL OR starts_at_ms <= ?)"
    " AND (ends_at_ms IS NULL OR ends_at_ms > ?) ORDER BY level, service, person_id";
static const char ON_CALL_LEVEL[] =
    "SELECT person_id, service, level FROM oncall WHERE level = ? "
    "AND (starts_at_ms IS NULL OR starts_at_ms <= ?)"
    " AND (ends_at_ms IS NULL OR ends_at_ms > ?) ORDER BY service, person_id";
static const char ON_CALL_OF[] =
    "SELECT person_id, service, level FROM oncall WHERE (starts_at_ms IS NULL OR starts_at_ms <= ?)"
    " AND (ends_at_ms IS NULL OR ends_at_ms > ?) AND (? = 0 OR level = ?) AND (? IS NULL OR "
    "service = ?)"
    " AND (? IS NULL OR provider = ?) ORDER BY level, service, person_id";
static const char GROUP_BY_HANDLE[] = "SELECT id, handle FROM usergroup WHERE handle = ? AND "
                                      "is_active = 1 ORDER BY platform, id LIMIT 1";
static const char GROUP_BY_ID[] = "SELECT id, handle FROM usergroup WHERE (id = ? OR external_id = "
                                  "?) AND is_active = 1 ORDER BY platform, id LIMIT 1";
static const char GROUPS_OF_TAG[] =
    "SELECT id, handle FROM usergroup WHERE tag = ? AND is_active = 1";
static const char GROUPS_OF_CATEGORY[] =
    "SELECT g.id, g.handle FROM usergroup_category l JOIN usergroup g ON g.id = l.usergroup_id"
    " WHERE l.category_id = ? AND g.is_active = 1";
static const char GROUP_MEMBERS[] = "SELECT person_id FROM usergroup_member WHERE usergroup_id = ?";
static const char CONVERSATION_BY_TAG[] = "SELECT id, name FROM conversation WHERE tag = ?";
static const char CONVERSATION_BY_ID[] =
    "SELECT id, name FROM conversation WHERE id = ? OR external_id = ? ORDER BY +platform LIMIT 1";
static const char CONVERSATIONS_OF_CATEGORY[] =
    "SELECT c.id, c.name FROM conversation_category l JOIN conversation c ON c.id = "
    "l.conversation_id WHERE l.category_id = ?";
static const char CONVERSATION_MEMBERS[] =
    "SELECT person_id FROM conversation_member WHERE conversation_id = ?";
static const char PERSON_BY_EMAIL[] = "SELECT id FROM person WHERE email = ?";
static const char ROLE_BY_SLUG[] = "SELECT slug, name FROM role_type WHERE slug = ?";
static const char ROLE_HOLDERS[] =
    "SELECT h.person_id FROM incident_role h JOIN role_type r ON r.id = h.role_type_id"
    " WHERE h.incident_id = ? AND r.slug = ?";

/* ---- rows */

/* Hands out the row that <stmt> is at; <left> counts down the rows that one search may have. */
static int hand_out_one(const struct responder_search *search, struct stmt *stmt, const char *via,
                        int *left, struct err *err)
{
    if ((*left)-- == 0)
        return err_set(err, ERR_LIMIT, "more than %d people", RESPONDERS_MAX);
    search->found(search->arg, stmt_text(stmt, PERSON), via);
    return OK;
}

/* Hands out all rows and ends the statement, which may be NULL: then <err> says why. */
static int hand_out(const struct responder_search *search, struct stmt *stmt, const char *via,
                    int *left, struct err *err)
{
    int rc = stmt ? DB_ROW : err->code;
    while (rc >= OK && (rc = stmt_next(stmt, err)) == DB_ROW)
        rc = hand_out_one(search, stmt, via, left, err);
    stmt_end(stmt);
    return rc;
}

/* ---- on call */

/* Why people are invited who are on call. Rows of one service and level follow each other: it is put into words once
 * for them. */
struct duty {
    char service[400];
    int64_t level;
    char text[500]; /* "": none yet */
};

static const char *word_duty(struct duty *duty, struct stmt *stmt)
{
    const char *service = stmt_text(stmt, SERVICE);
    int64_t level = stmt_int(stmt, LEVEL);
    service = service ? service : "";
    if (duty->text[0] && level == duty->level && strcmp(service, duty->service) == 0)
        return duty->text;
    copy_text(duty->service, sizeof(duty->service), service);
    duty->level = level;
    snprintf(duty->text, sizeof(duty->text), "on call%s%s (level %" PRId64 ")",
             *service ? " for " : "", duty->service, level);
    return duty->text;
}

int responders_on_call(const struct responder_search *search, int64_t level, const char *service,
                       const char *provider, struct err *err)
{
    struct duty duty = { .level = 0 };
    int left = RESPONDERS_MAX;
    int64_t now = search->now_ms;
    struct stmt *stmt;
    if (service || provider)
        stmt = tx_query(search->tx, err, ON_CALL_OF, "iiiitttt", now, now, level, level, service,
                        service, provider, provider);
    else if (level > 0)
        stmt = tx_query(search->tx, err, ON_CALL_LEVEL, "iii", level, now, now);
    else
        stmt = tx_query(search->tx, err, ON_CALL, "ii", now, now);
    int rc = stmt ? DB_ROW : err->code;
    while (rc >= OK && (rc = stmt_next(stmt, err)) == DB_ROW)
        rc = hand_out_one(search, stmt, word_duty(&duty, stmt), &left, err);
    stmt_end(stmt);
    return rc;
}

/* ---- groups and conversations */

/* A group, a conversation or a role. */
struct crowd {
    char id[80];
    char via[401]; /* the sign and the name */
};

/* "@" for groups, "#" for conversations; "" for what has no sign. <name> is used where it has none of its own. */
static void take_crowd(struct stmt *stmt, const char *sign, const char *name, struct crowd *crowd)
{
    copy_text(crowd->id, sizeof(crowd->id), stmt_text(stmt, 0));
    const char *own = stmt_text(stmt, 1);
    snprintf(crowd->via, sizeof(crowd->via), "%s%s", sign, own && *own ? own : name);
}

/* DB_ROW when there is one, DB_DONE when not. Ends the statement, which may be NULL. */
static int read_crowd(struct stmt *stmt, const char *sign, const char *name, struct crowd *crowd,
                      struct err *err)
{
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        take_crowd(stmt, sign, name, crowd);
    stmt_end(stmt);
    return rc;
}

/* The members of each crowd that <stmt> finds; ends it. <members> is the query for those of one. */
static int hand_out_crowds(const struct responder_search *search, struct stmt *stmt,
                           const char *sign, const char *members, struct err *err)
{
    struct crowd crowd;
    int left = RESPONDERS_MAX;
    int rc = stmt ? DB_ROW : err->code;
    while (rc >= OK && (rc = stmt_next(stmt, err)) == DB_ROW) {
        take_crowd(stmt, sign, "", &crowd);
        rc = hand_out(search, tx_query(search->tx, err, members, "t", crowd.id), crowd.via, &left,
                      err);
        rc = rc < OK ? rc : DB_ROW;
    }
    stmt_end(stmt);
    return rc;
}

int responders_of_usergroup(const struct responder_search *search, const char *name,
                            struct err *err)
{
    struct crowd group;
    int left = RESPONDERS_MAX;
    const char *handle = name[0] == '@' ? name + 1 : name;
    int rc = read_crowd(tx_query(search->tx, err, GROUP_BY_HANDLE, "t", handle), "@", handle,
                        &group, err);
    if (rc == DB_DONE)
        rc = read_crowd(tx_query(search->tx, err, GROUP_BY_ID, "tt", name, name), "@", handle,
                        &group, err);
    if (rc == DB_DONE)
        rc = err_set(err, ERR_NOT_FOUND, "there is no user group \"%s\"", name);
    if (rc < OK)
        return rc;
    return hand_out(search, tx_query(search->tx, err, GROUP_MEMBERS, "t", group.id), group.via,
                    &left, err);
}

int responders_of_usergroup_tag(const struct responder_search *search, const char *tag,
                                struct err *err)
{
    return hand_out_crowds(search, tx_query(search->tx, err, GROUPS_OF_TAG, "t", tag), "@",
                           GROUP_MEMBERS, err);
}

int responders_of_conversation(const struct responder_search *search, const char *name,
                               struct err *err)
{
    struct crowd conversation;
    int left = RESPONDERS_MAX;
    int rc = read_crowd(tx_query(search->tx, err, CONVERSATION_BY_TAG, "t", name), "#", name,
                        &conversation, err);
    if (rc == DB_DONE)
        rc = read_crowd(tx_query(search->tx, err, CONVERSATION_BY_ID, "tt", name, name), "#", name,
                        &conversation, err);
    if (rc == DB_DONE)
        rc = err_set(err, ERR_NOT_FOUND, "there is no conversation \"%s\"", name);
    if (rc < OK)
        return rc;
    return hand_out(search, tx_query(search->tx, err, CONVERSATION_MEMBERS, "t", conversation.id),
                    conversation.via, &left, err);
}

int responders_of_category_groups(const struct responder_search *search, const char *category_id,
                                  struct err *err)
{
    return hand_out_crowds(search, tx_query(search->tx, err, GROUPS_OF_CATEGORY, "t", category_id),
                           "@", GROUP_MEMBERS, err);
}

int responders_of_category_conversations(const struct responder_search *search,
                                         const char *category_id, struct err *err)
{
    return hand_out_crowds(search,
                           tx_query(search->tx, err, CONVERSATIONS_OF_CATEGORY, "t", category_id),
                           "#", CONVERSATION_MEMBERS, err);
}

/* ---- persons and roles */

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
    struct crowd role;
    int left = RESPONDERS_MAX;
    int rc = read_crowd(tx_query(search->tx, err, ROLE_BY_SLUG, "t", slug), "", slug, &role, err);
    if (rc == DB_DONE)
        rc = err_set(err, ERR_NOT_FOUND, "there is no role \"%s\"", slug);
    if (rc < OK)
        return rc;
    return hand_out(search, tx_query(search->tx, err, ROLE_HOLDERS, "it", incident_id, slug),
                    role.via, &left, err);
}
