#include "core/audit.h"

#include "base/clock.h"
#include "core/args.h"
#include "core/audit_chain.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

static const char INSERT_AUDIT[] = "INSERT INTO audit (id, at_ms, actor_kind, actor_id, source, "
                                   "action, incident_id, before, after,"
                                   " hash) VALUES (?, ?, ?, ?, ?, ?, NULLIF(?, 0), ?, ?, ?)";

static const char *const KIND_NAMES[] = {
    [ACTOR_SYSTEM] = "system",
    [ACTOR_PERSON] = "person",
    [ACTOR_KEY] = "key",
    [ACTOR_OPERATOR] = "operator",
};

const char *audit_actor_name(int kind)
{
    return KIND_NAMES[kind];
}

static void put_text(struct buf *canon, const char *text)
{
    audit_canon_text(canon, text, text ? strlen(text) : 0);
}

int audit_write(struct tx *tx, const struct actor *actor, const struct audit_entry *entry,
                struct err *err)
{
    struct audit_head head;
    int rc = audit_chain_head(tx, &head, err);
    if (rc != OK)
        return rc;
    int64_t id = (head.last_id > head.id ? head.last_id : head.id) + 1;
    int64_t now_ms = clock_now_ms();
    const char *kind = audit_actor_name(actor->kind);
    char hash[AUDIT_HASH_SIZE];
    AUTO_BUF struct buf canon = BUF_INIT;
    buf_puts(&canon, head.hash);
    audit_canon_int(&canon, id);
    audit_canon_int(&canon, now_ms);
    put_text(&canon, kind);
    put_text(&canon, actor->id);
    put_text(&canon, actor->source);
    put_text(&canon, entry->action);
    if (entry->incident_id)
        audit_canon_int(&canon, entry->incident_id);
    else
        put_text(&canon, NULL);
    put_text(&canon, entry->before);
    put_text(&canon, entry->after);
    audit_canon_hash(&canon, hash);
    rc = tx_exec(tx, err, INSERT_AUDIT, "iittttittt", id, now_ms, kind, actor->id, actor->source,
                 entry->action, entry->incident_id, entry->before, entry->after, hash);
    return rc < 0 ? rc : audit_chain_advance(tx, id, hash, err);
}

/* audit.chain {} -> {}: gives the entries of older versions their hashes; nothing to do later */
static int audit_chain(struct op_call *call)
{
    struct audit_head head;
    int rc = args_refuse_unknown(call, NULL);
    if (rc == OK)
        rc = audit_chain_head(call->tx, &head, call->err);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

static void put_if(struct json_writer *w, const char *key, const char *text)
{
    json_put_text(w, key, *text ? text : NULL);
}

/* audit.verify {hash?} -> {is_intact,count,head_id,head_hash,first_bad_id,reason}: the first entry
 * that does not fit the chain, or null. <hash> was a head_hash once: an entry must have it still.
 */
static int audit_verify(struct op_call *call)
{
    struct args args = args_of(call);
    struct audit_report report;
    struct text noted;
    char hash[AUDIT_HASH_SIZE] = "";
    int rc = args_refuse_unknown(call, "hash");
    if (rc == OK)
        rc = args_text_optional(&args, "hash", AUDIT_HASH_SIZE - 1, AUDIT_HASH_SIZE - 1, &noted);
    if (rc == OK && noted.at)
        snprintf(hash, sizeof(hash), "%.*s", (int)noted.len, noted.at);
    if (rc == OK)
        rc = audit_chain_verify(call->tx, *hash ? hash : NULL, &report, call->err);
    if (rc != OK)
        return rc;
    json_object_begin(call->out);
    json_put_bool(call->out, "is_intact", report.is_intact);
    json_put_int(call->out, "count", report.count);
    json_put_int(call->out, "head_id", report.head.id);
    put_if(call->out, "head_hash", report.head.hash);
    if (report.first_bad_id)
        json_put_int(call->out, "first_bad_id", report.first_bad_id);
    else
        json_put_null(call->out, "first_bad_id");
    put_if(call->out, "reason", report.reason);
    json_object_finish(call->out);
    return OK;
}

const struct op AUDIT_OPS[] = {
    { "audit.verify", false, audit_verify,
      "{hash?}: is the whole audit log as it was written, and has an entry this hash still" },
    { "audit.chain", true, audit_chain, "{}: gives entries of older versions their hashes" },
    { 0 },
};
