/* op - the kernel's operations by name. Every entry point (REST, Lua, command line, pages) changes
 * and reads incidents only through these: one operation = one transaction = row changes + audit
 * entry + events. JSON in, JSON out, so that a call can cross threads, processes and languages
 * without a struct of its own. Read op_table.c for the list; each operation's file states its
 * arguments and its answer. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json_writer.h"

struct db;
struct tx;

enum actor_kind { ACTOR_SYSTEM, ACTOR_PERSON, ACTOR_KEY, ACTOR_OPERATOR };

/* Who does it. Copied by op_submit(). */
struct actor {
    enum actor_kind kind;
    char id[40]; /* person id, or key id as text, or the operator's login name; "" for the system */
    char source[16];   /* "rest", "chat", "web", "cli", "script", "engine" */
    bool sees_private; /* may see every private incident (administrator, the engine's own jobs) */
};

extern const struct actor ACTOR_ENGINE; /* system, source "engine", sees private */

/* What an operation works with; valid during the call. */
struct op_call {
    struct tx *tx;
    const struct actor *actor;
    json_t *args;            /* an object, borrowed */
    struct json_writer *out; /* write exactly one value */
    struct err *err;
};

typedef int (*op_fn)(struct op_call *call);

/* The tables say false and true for the first two. A repeatable write changes nothing but the database and its answer,
 * not even its arguments: see db_write_repeatable(). */
enum op_write { OP_READS, OP_WRITES, OP_WRITES_REPEATABLY };

struct op {
    const char *name; /* "incident.declare" */
    enum op_write is_write;
    op_fn run;
    const char *about; /* one line, for the reference */
};

const struct op *op_find(const char *name); /* NULL when unknown */
const struct op *op_at(int index);          /* NULL past the end; for docs and tests */

/* The answer of a submitted operation. <json> (an answer's text, NUL-terminated) is valid during
 * the call; "" on failure. */
typedef void (*op_done_fn)(void *arg, int rc, const char *json, size_t len, const struct err *err);

/* Runs <op> on the writer or a reader thread and posts the answer to the loop: for a write after
 * its COMMIT. Takes over <args> (NULL: an empty object). Loop thread. <done> is called exactly
 * once. */
void op_submit(struct db *db, const struct op *op, json_t *args, const struct actor *actor,
               op_done_fn done, void *arg);

/* Where the product is reached, without a trailing slash; part of the links in answers. Set at
 * start and at each reload; any thread. op_base_url() copies it ("" when never set). */
enum { OP_BASE_URL_SIZE = 256 };
void op_set_base_url(const char *url);
void op_base_url(char out[OP_BASE_URL_SIZE]);

/* Blocking twin for the command line and tests. Takes over <args> as well; <actor> NULL is the
 * engine. <out> gets the answer's text. ERR_NOT_FOUND for an unknown <name>. */
int op_run_now(struct db *db, const char *name, json_t *args, const struct actor *actor,
               struct buf *out, struct err *err);
