/* audit_chain - makes the audit log tamper-evident: each entry carries a SHA-256 over the hash of
 * the entry before it and its own content, and a row beside the log names the last entry. Whoever
 * changes, removes or adds an entry by hand breaks the chain at that place; whoever computes all
 * hashes anew cannot keep a hash that was noted elsewhere.
 *
 * An entry's hash is that of one text: the previous entry's hash (nothing for the first), then the
 * columns id, at_ms, actor_kind, actor_id, source, action, incident_id, before, after, each as
 * "<bytes>:<text>,", or "~," for NULL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tx;

enum { AUDIT_HASH_SIZE = 65 }; /* hexadecimal digits and a NUL */

/* The end of the chain. */
struct audit_head {
    int64_t id;      /* the last entry's; 0: the log is empty */
    int64_t last_id; /* the greatest id in use, also by a row that was put there by hand */
    char hash[AUDIT_HASH_SIZE]; /* the last entry's; "" for an empty log */
};

/* Adds a column to the text that is hashed. <text> NULL: the column is NULL. */
void audit_canon_text(struct buf *canon, const char *text, size_t len);
void audit_canon_int(struct buf *canon, int64_t value);
/* The hash of a complete text. */
void audit_canon_hash(const struct buf *canon, char hash[AUDIT_HASH_SIZE]);

/* Reads the end of the chain, to write behind it. Chains first what was written before there were
 * hashes: once in a database's life. For a write transaction. */
int audit_chain_head(struct tx *tx, struct audit_head *head, struct err *err);
/* Moves the end to the entry just written. */
int audit_chain_advance(struct tx *tx, int64_t id, const char *hash, struct err *err);

/* What a walk over the whole log found. */
struct audit_report {
    bool is_intact;
    int64_t count;          /* entries in the log */
    struct audit_head head; /* by the row beside the log */
    int64_t first_bad_id;   /* 0: none, or no single entry is to blame */
    char reason[200];       /* a sentence; "" when intact */
};

/* Checks every entry from the first to the last; memory does not grow with the log. <noted>, NULL
 * for none, is a hash that was the last one some time ago: an entry must have it still. */
int audit_chain_verify(struct tx *tx, const char *noted, struct audit_report *report,
                       struct err *err);
