/* opt_out - who does not want to be invited any more: to the incidents of a category, or to any.
 * invitation.c asks; who is given a role is invited all the same. */
#include "base/clock.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/rows.h"
#include "store/db.h"

static const char INSERT_OPT_OUT[] =
    "INSERT INTO invitation_opt_out (person_id, category_id, created_at_ms) VALUES (?, ?, ?) ON"
    " CONFLICT (person_id, category_id) DO NOTHING";
static const char DELETE_OPT_OUT[] =
    "DELETE FROM invitation_opt_out WHERE person_id = ? AND (category_id = ? OR ? = '')";
static const char SELECT_OPT_OUTS[] =
    "SELECT c.id, c.name, o.created_at_ms FROM invitation_opt_out o LEFT JOIN category c ON c.id ="
    " o.category_id WHERE o.person_id = ? ORDER BY o.created_at_ms, o.category_id";
static const char SELECT_OPTED_OUT[] = "SELECT DISTINCT person_id FROM invitation_opt_out WHERE "
                                       "category_id IN ('', ?) ORDER BY person_id";
static const char SELECT_CATEGORY[] = "SELECT 1 FROM category WHERE id = ?";

enum { CATEGORY_ID_MAX = 64 };

/* <category> is absent for all of them. */
struct choice {
    char person_id[PERSON_ID_SIZE];
    struct text category;
};

static int read_choice(struct op_call *call, struct choice *choice)
{
    struct args args = args_of(call);
    struct text person;
    bool exists;
    int rc = args_refuse_unknown(call, "person_id", "category_id");
    if (rc != OK || (rc = args_text(&args, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK ||
        (rc = args_text_optional(&args, "category_id", 1, CATEGORY_ID_MAX, &choice->category)) !=
            OK)
        return rc;
    AUTO_FREE char *id = text_dup(person);
    copy_text(choice->person_id, sizeof(choice->person_id), id);
    rc = person_exists(call->tx, id, &exists, call->err);
    if (rc == OK && !exists)
        return args_fail(&args, "person_id", "there is no such person_id");
    if (rc == OK && choice->category.at &&
        tx_get_int(call->tx, &rc, call->err, 0, SELECT_CATEGORY, "n", choice->category.at,
                   choice->category.len) != 1 &&
        rc == OK)
        return args_fail(&args, "category_id", "there is no such category_id");
    return rc;
}

static int write_audit(struct op_call *call, const char *action, const struct choice *choice)
{
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &after);
    json_object_begin(&w);
    json_put_text(&w, "person_id", choice->person_id);
    json_key(&w, "category_id");
    if (choice->category.at)
        json_text_n(&w, choice->category.at, choice->category.len);
    else
        json_null_value(&w);
    json_object_finish(&w);
    struct audit_entry entry = { .action = action, .after = buf_text(&after) };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

static int answer_change(struct op_call *call, const char *action, const struct choice *choice,
                         int changed)
{
    int rc = changed > 0 ? write_audit(call, action, choice) : changed;
    if (rc != OK)
        return rc;
    json_object_begin(call->out);
    json_put_bool(call->out, "is_changed", changed > 0);
    json_object_finish(call->out);
    return OK;
}

/* invitation.opt_out {person_id, category_id?} -> {is_changed} */
static int opt_out(struct op_call *call)
{
    struct choice choice = { 0 };
    int rc = read_choice(call, &choice);
    if (rc != OK)
        return rc;
    const char *category = choice.category.at ? choice.category.at : "";
    int changed = tx_exec(call->tx, call->err, INSERT_OPT_OUT, "tni", choice.person_id, category,
                          choice.category.len, clock_now_ms());
    return answer_change(call, "invitation.opt_out", &choice, changed);
}

/* invitation.opt_in {person_id, category_id?} -> {is_changed} */
static int opt_in(struct op_call *call)
{
    struct choice choice = { 0 };
    int rc = read_choice(call, &choice);
    if (rc != OK)
        return rc;
    const char *category = choice.category.at ? choice.category.at : "";
    int changed = tx_exec(call->tx, call->err, DELETE_OPT_OUT, "tnn", choice.person_id, category,
                          choice.category.len, category, choice.category.len);
    return answer_change(call, "invitation.opt_in", &choice, changed);
}

static void write_opt_out(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_key(w, "category");
    if (stmt_is_null(stmt, 0)) {
        json_null_value(w);
    } else {
        json_object_begin(w);
        json_put_text(w, "id", stmt_text(stmt, 0));
        json_put_text(w, "name", stmt_text(stmt, 1));
        json_object_finish(w);
    }
    json_put_int(w, "created_at_ms", stmt_int(stmt, 2));
    json_object_finish(w);
}

/* invitation.opt_outs {person_id} -> [{category: {id, name} or null, created_at_ms}] */
static int opt_outs(struct op_call *call)
{
    struct args args = args_of(call);
    struct text person;
    int rc = args_refuse_unknown(call, "person_id");
    if (rc != OK || (rc = args_text(&args, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK)
        return rc;
    return op_write_rows(call,
                         tx_query(call->tx, call->err, SELECT_OPT_OUTS, "n", person.at, person.len),
                         write_opt_out);
}

static void write_person_id(struct json_writer *w, struct stmt *stmt)
{
    json_text(w, stmt_text(stmt, 0));
}

/* invitation.opted_out {category_id} -> [person id] */
static int opted_out(struct op_call *call)
{
    struct args args = args_of(call);
    struct text category;
    int rc = args_refuse_unknown(call, "category_id");
    if (rc != OK || (rc = args_text(&args, "category_id", 1, CATEGORY_ID_MAX, &category)) != OK)
        return rc;
    return op_write_rows(
        call, tx_query(call->tx, call->err, SELECT_OPTED_OUT, "n", category.at, category.len),
        write_person_id);
}

const struct op OPT_OUT_OPS[] = {
    { "invitation.opt_out", true, opt_out,
      "{person_id, category_id?}: no invitation to incidents of the category (without one: to any)"
      " -> {is_changed}" },
    { "invitation.opt_in", true, opt_in,
      "{person_id, category_id?}: takes an opt-out back (without a category: all of them) ->"
      " {is_changed}" },
    { "invitation.opt_outs", false, opt_outs,
      "{person_id}: what the person does not want to be invited to" },
    { "invitation.opted_out", false, opted_out,
      "{category_id}: who does not want to be invited to incidents of the category -> [person "
      "id]" },
    { 0 },
};
