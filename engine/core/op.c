/* op - runs operations: on the store's threads for the loop, or at once for the command line. No
 * operation lives here. */
#include "core/op.h"

#include "base/mem.h"
#include "store/db.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

const struct actor ACTOR_ENGINE = { .kind = ACTOR_SYSTEM,
                                    .source = "engine",
                                    .sees_private = true };

/* The one value of the process that every operation needs and no transaction carries. */
static struct {
    pthread_mutex_t lock;
    char text[OP_BASE_URL_SIZE];
} base_url = { .lock = PTHREAD_MUTEX_INITIALIZER };

void op_set_base_url(const char *url)
{
    pthread_mutex_lock(&base_url.lock);
    copy_text(base_url.text, sizeof(base_url.text), url);
    size_t len = strlen(base_url.text);
    while (len > 0 && base_url.text[len - 1] == '/')
        base_url.text[--len] = '\0';
    pthread_mutex_unlock(&base_url.lock);
}

void op_base_url(char out[OP_BASE_URL_SIZE])
{
    pthread_mutex_lock(&base_url.lock);
    memcpy(out, base_url.text, sizeof(base_url.text));
    pthread_mutex_unlock(&base_url.lock);
}

/* A submitted operation on its way to a store thread and back. */
struct submission {
    const struct op *op;
    json_t *args; /* owned */
    struct actor actor;
    struct buf out;
    op_done_fn done;
    void *arg;
};

static json_t *args_or_empty(json_t *args)
{
    return args ? args : json_object();
}

static int run_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct submission *submission = arg;
    if (!json_is_object(submission->args))
        return err_set(err, ERR_INVALID, "the arguments of %s must be an object",
                       submission->op->name);
    struct json_writer writer;
    buf_clear(&submission->out); /* the store may run a request a second time */
    json_writer_init(&writer, &submission->out);
    struct op_call call = {
        .tx = tx, .actor = &submission->actor, .args = submission->args, .out = &writer, .err = err
    };
    int rc = submission->op->run(&call);
    REQUIRE(rc != OK || (writer.depth == 0 && submission->out.len > 0));
    return rc;
}

static void submission_done(void *arg, int rc, const struct err *err)
{
    struct submission *submission = arg;
    if (rc != OK)
        buf_clear(&submission->out);
    if (submission->done)
        submission->done(submission->arg, rc, buf_text(&submission->out), submission->out.len, err);
    json_decref(submission->args);
    buf_fini(&submission->out);
    free(submission);
}

void op_submit(struct db *db, const struct op *op, json_t *args, const struct actor *actor,
               op_done_fn done, void *arg)
{
    struct submission *submission = xcalloc(1, sizeof(*submission));
    submission->op = op;
    submission->args = args_or_empty(args);
    submission->actor = actor ? *actor : ACTOR_ENGINE;
    submission->done = done;
    submission->arg = arg;
    if (op->is_write == OP_WRITES_REPEATABLY)
        db_write_repeatable(db, run_in_tx, submission_done, submission);
    else if (op->is_write)
        db_write(db, run_in_tx, submission_done, submission);
    else
        db_read(db, run_in_tx, submission_done, submission);
}

int op_run_now(struct db *db, const char *name, json_t *args, const struct actor *actor,
               struct buf *out, struct err *err)
{
    struct submission submission = { .op = op_find(name),
                                     .args = args_or_empty(args),
                                     .actor = actor ? *actor : ACTOR_ENGINE };
    struct err unwanted;
    err = err ? err : &unwanted;
    int rc;
    if (!submission.op)
        rc = err_set(err, ERR_NOT_FOUND, "there is no operation \"%s\"", name);
    else if (submission.op->is_write)
        rc = db_write_now(db, run_in_tx, &submission, err);
    else
        rc = db_read_now(db, run_in_tx, &submission, err);
    if (rc == OK)
        buf_append(out, buf_text(&submission.out), submission.out.len);
    json_decref(submission.args);
    buf_fini(&submission.out);
    return rc;
}
