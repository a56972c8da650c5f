#include "api/incident_filter_internal.h"

#include "api/incident_rest.h"
#include "api/link.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "core/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 100, MAX_LIMIT = 1000 };

/* A parameter that may be repeated: any of its values. */
struct choice {
    const char *name;
    const char *exists;      /* finds a value; NULL: a status number */
    const char *begin, *end; /* of the condition, around the values */
};

static const struct choice CHOICES[] = {
    { .name = "status" },
    { "environment", "SELECT 1 FROM environment WHERE id = ?", "@i.environment_id IN (", ")" },
    { "priority", "SELECT 1 FROM priority WHERE id = ?", "@i.priority_id IN (", ")" },
    { "incident_category", "SELECT 1 FROM category WHERE id = ?", "@i.category_id IN (", ")" },
    { "group", "SELECT 1 FROM category_group WHERE id = ?",
      "@i.category_id IN (SELECT id FROM category WHERE group_id IN (", "))" },
    { "created_by", "SELECT 1 FROM person WHERE id = ?", "@i.created_by IN (", ")" },
};

bool filter_add_value(struct filter_reading *r, struct db_value value)
{
    if (r->filter->value_count < INCIDENT_FILTER_MAX_VALUES) {
        filter_push_value(r, value);
        return true;
    }
    if (!r->errors->count)
        api_errors_add(r->errors, "invalid", NULL, "More than %d values.",
                       INCIDENT_FILTER_MAX_VALUES);
    return false;
}

void filter_push_value(struct filter_reading *r, struct db_value value)
{
    struct incident_filter *filter = r->filter;
    if (filter->value_count == filter->value_room) {
        filter->value_room = filter->value_room ? filter->value_room * 2 : 32;
        filter->values =
            xrealloc(filter->values, (size_t)filter->value_room * sizeof(*filter->values));
    }
    filter->values[filter->value_count++] = value;
}

const char *filter_keep(struct filter_reading *r, char *text)
{
    struct incident_filter *filter = r->filter;
    filter->texts =
        xrealloc(filter->texts, (size_t)(filter->text_count + 1) * sizeof(*filter->texts));
    return filter->texts[filter->text_count++] = text;
}

bool filter_read_number(const char *text, size_t len, int64_t *out)
{
    char digits[20];
    if (len == 0 || len > 18 || strspn(text, "0123456789") < len)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    *out = strtoll(digits, NULL, 10);
    return true;
}

/* Status numbers are what clients send; the labels are for people. */
static int add_choice(struct filter_reading *r, const struct choice *choice,
                      const struct form_field *field)
{
    struct db_value value = { .type = choice->exists ? 'n' : 'i',
                              .t = field->value,
                              .n = field->value_len };
    char uuid[UUID_SIZE];
    bool is_known = false;
    bool is_uuid = choice->exists && uuid_read(field->value, field->value_len, uuid);
    int rc = OK;
    if (is_uuid) {
        value.t = filter_keep(r, xstrdup(uuid));
        value.n = strlen(uuid);
    }
    if (!choice->exists)
        is_known = filter_read_number(field->value, field->value_len, &value.i) && value.i >= 10 &&
                   value.i <= 60 && value.i % 10 == 0;
    else
        is_known = tx_get_int(r->tx, &rc, r->err, 0, choice->exists, "n", value.t, value.n) == 1;
    if (rc != OK)
        return rc;
    if (!is_known && choice->exists && !is_uuid) {
        api_errors_add(r->errors, "invalid", choice->name, "\"%s\" is not a valid UUID.",
                       field->value);
        return OK;
    }
    if (!is_known) {
        api_errors_add(r->errors, "invalid_choice", choice->name,
                       "Select a valid choice. %s is not one of the available choices.",
                       field->value);
        return OK;
    }
    if (choice->exists)
        filter_add_value(r, value);
    else
        r->chosen |= FILTER_STATUS(value.i);
    return OK;
}

static int read_choice(struct filter_reading *r, const struct choice *choice)
{
    struct buf *sql = &r->filter->sql;
    const struct form *form = r->filter->form;
    bool is_first = true;
    if (!strcmp(choice->name, "group"))
        r->has_several_runs |= form_last(form, choice->name) != NULL;
    for (int i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];
        if (field->name_len != strlen(choice->name) ||
            memcmp(field->name, choice->name, field->name_len))
            continue;
        int before = r->filter->value_count;
        int rc = add_choice(r, choice, field);
        if (rc != OK)
            return rc;
        if (r->filter->value_count == before)
            continue;
        buf_printf(sql, is_first ? " AND %s?" : ",?", choice->begin);
        r->has_several_runs |= !is_first;
        is_first = false;
    }
    if (!is_first)
        buf_puts(sql, choice->end);
    if (r->chosen)
        r->statuses &= r->chosen;
    return OK;
}

/* One item of order_by. A column that came before decides already: its repetition says nothing. */
static void add_order(struct filter_reading *r, const char *item, size_t len)
{
    static const struct {
        const char *name, *column;
        enum filter_walk walk; /* when it comes first */
    } ORDERS[] = {
        { "priority", "(SELECT position FROM priority WHERE id = i.priority_id)", WALK_PRIORITIES },
        { "title", "@i.title", WALK_NONE },
        { "id", "i.id", WALK_NONE },
        { "created_at", "@i.created_at_ms", WALK_NONE },
        { "created_by", "(SELECT username FROM person WHERE id = i.created_by)", WALK_PEOPLE },
    };
    bool is_descending = len > 0 && *item == '-';
    const char *name = item + is_descending;
    size_t name_len = len - is_descending;
    for (size_t i = 0; i < sizeof(ORDERS) / sizeof(*ORDERS); i++) {
        if (strlen(ORDERS[i].name) != name_len || memcmp(ORDERS[i].name, name, name_len))
            continue;
        if (r->ordered_by & 1u << i)
            return;
        r->ordered_by |= 1u << i;
        if (!r->order.len)
            r->walk = ORDERS[i].walk;
        buf_printf(&r->order, "%s%s%s", r->order.len ? ", " : "", ORDERS[i].column,
                   is_descending ? " DESC" : "");
        if (!r->first_order_len)
            r->first_order_len = r->order.len;
        return;
    }
    api_errors_add(r->errors, "invalid_choice", "order_by",
                   "Select a valid choice. %.*s is not one of the available choices.", (int)len,
                   item);
}

/* Ends with the id, so that pages neither overlap nor leave gaps. */
static void read_order(struct filter_reading *r)
{
    const struct form_field *field = form_last(r->filter->form, "order_by");
    for (const char *at = field && !r->search.type ? field->value : "";
         *at && r->errors->count < 20;) {
        size_t len = strcspn(at, ",");
        add_order(r, at, len);
        at += len;
        at += *at == ',';
    }
    r->filter->is_default_order =
        !r->search.type && (r->order.len == 0 || !strcmp(r->order.data, "i.id DESC"));
    if (!r->filter->is_default_order)
        buf_puts(&r->order, ", i.id DESC");
}

static void take_page(struct filter_reading *r)
{
    struct incident_filter *filter = r->filter;
    filter->limit = r->page->limit;
    if (!filter->is_default_order)
        filter->skip = r->page->skip;
    else if (r->page->before_id &&
             filter_add_value(r, (struct db_value){ .type = 'i', .i = r->page->before_id }))
        buf_puts(&filter->sql, " AND i.id < ?");
}

static void read_page(struct filter_reading *r)
{
    struct incident_filter *filter = r->filter;
    if (r->page) {
        take_page(r);
        return;
    }
    const struct form_field *limit = form_last(filter->form, "limit");
    const struct form_field *cursor = form_last(filter->form, "cursor");
    int64_t number = DEFAULT_LIMIT;
    if (limit && (!filter_read_number(limit->value, limit->value_len, &number) || number < 1 ||
                  number > MAX_LIMIT))
        api_errors_add(r->errors, "invalid", "limit", "Enter a number from 1 to %d.", MAX_LIMIT);
    filter->limit = (int)number;
    if (!cursor)
        return;
    if (!filter_read_number(cursor->value, cursor->value_len, &number)) {
        api_errors_add(r->errors, "invalid", "cursor", "Invalid cursor.");
    } else if (!filter->is_default_order) {
        filter->skip = number;
    } else if (filter_add_value(r, (struct db_value){ .type = 'i', .i = number })) {
        buf_puts(&filter->sql, " AND i.id < ?");
    }
}

/* A key sees private incidents when it has the scope for it, or belongs to a person who may see
 * them. */
static void add_policy(struct filter_reading *r, const struct api_identity *identity)
{
    if (identity->sees_private)
        return;
    buf_puts(&r->filter->sql, " AND " POLICY_MAY_SEE_SQL);
    filter_add_value(r, (struct db_value){ .type = 'i', .i = 0 });
    filter_add_value(r, (struct db_value){ .type = 't', .t = identity->person_id });
    filter_add_value(r, (struct db_value){ .type = 't', .t = identity->person_id });
}

/* Walks the priorities, or the people, in their order, and the incidents of each. */
static void finish_walk(struct filter_reading *r, struct buf *sql)
{
    static const char *const WALKS[] = {
        [WALK_PRIORITIES] = "priority q CROSS JOIN incident i ON i.priority_id = q.id",
        [WALK_PEOPLE] = "person q CROSS JOIN incident i ON i.created_by = q.id",
    };
    const char *rest = r->order.data + r->first_order_len;
    bool is_descending = r->first_order_len > 5 && !memcmp(rest - 5, " DESC", 5);
    const char *direction = is_descending ? " DESC" : "";
    buf_printf(sql, "SELECT i.id FROM %s%s ORDER BY ", WALKS[r->walk], r->filter->sql.data);
    if (r->walk == WALK_PRIORITIES)
        buf_printf(sql, "q.position%s, q.rowid%s", direction, direction);
    else
        buf_printf(sql, "q.username%s", direction);
    buf_puts(sql, rest);
}

static void finish_sql(struct filter_reading *r)
{
    struct incident_filter *filter = r->filter;
    AUTO_BUF struct buf sql = BUF_INIT;
    filter->has_ids_only = !filter->is_default_order || r->has_few_rows || r->has_several_runs;
    for (char *at = filter->is_default_order ? NULL : r->order.data; at && (at = strchr(at, '@'));)
        *at = r->has_few_rows ? '+' : ' ';
    if (r->walk != WALK_NONE)
        finish_walk(r, &sql);
    else if (filter->has_ids_only)
        buf_printf(&sql, "SELECT i.id FROM incident i%s ORDER BY %s%s", filter->sql.data,
                   r->is_sorted && filter->is_default_order ? "+" : "",
                   filter->is_default_order ? "i.id DESC" : r->order.data);
    else
        buf_printf(&sql,
                   "SELECT " INCIDENT_REST_COLUMNS " FROM " INCIDENT_REST_TABLES
                   "%s ORDER BY i.id DESC",
                   filter->sql.data);
    buf_puts(&sql, " LIMIT ? OFFSET ?");
    buf_clear(&filter->sql);
    buf_append(&filter->sql, sql.data, sql.len);
}

static int read_parameters(struct filter_reading *r, const struct api_identity *identity)
{
    const struct form_field *tags = form_last(r->filter->form, "show_tags");
    int rc = OK;
    r->filter->shows_tags = tags && !strcmp(tags->value, "true");
    buf_puts(&r->filter->sql, " WHERE 1 = 1");
    filter_read_search(r);
    for (size_t i = 0; i < sizeof(CHOICES) / sizeof(*CHOICES) && rc == OK; i++)
        rc = read_choice(r, &CHOICES[i]);
    filter_read_bounds(r);
    read_order(r);
    if (rc == OK)
        rc = filter_choose_index(r);
    if (rc != OK)
        return rc;
    add_policy(r, identity);
    read_page(r);
    if (r->search.type)
        filter_finish_search(r);
    else
        finish_sql(r);
    filter_push_value(r, (struct db_value){ .type = 'i', .i = r->filter->limit + 1 });
    filter_push_value(r, (struct db_value){ .type = 'i', .i = r->filter->skip });
    return r->errors->count ? err_set(r->err, ERR_INVALID, "a query parameter is wrong") : OK;
}

int incident_filter_read(struct incident_filter *filter, struct tx *tx, struct api_read *read,
                         const struct export_page *page, struct err *err)
{
    struct filter_reading r = { .filter = filter,
                                .read = read,
                                .page = page,
                                .tx = tx,
                                .errors = &read->errors,
                                .err = err,
                                .statuses = FILTER_EVERY_STATUS,
                                .created_from_ms = INT64_MIN,
                                .created_to_ms = INT64_MAX };
    *filter = (struct incident_filter){ .form = xcalloc(1, sizeof(*filter->form)) };
    int rc = form_parse(read->query, strlen(read->query), filter->form, err);
    if (rc == ERR_LIMIT) {
        api_errors_add(&read->errors, "invalid", NULL, "Too many parameters.");
        return ERR_INVALID;
    }
    if (rc == OK)
        rc = read_parameters(&r, &read->identity);
    buf_fini(&r.order);
    return rc;
}

void incident_filter_fini(struct incident_filter *filter)
{
    buf_fini(&filter->sql);
    for (int i = 0; i < filter->text_count; i++)
        free(filter->texts[i]);
    free(filter->texts);
    free(filter->values);
    if (filter->form)
        form_fini(filter->form);
    free(filter->form);
    filter->form = NULL;
}

void incident_filter_next(const struct incident_filter *filter, enum api_format format,
                          int64_t last_id, struct buf *link)
{
    link_next(link, "incidents/", filter->form, format,
              filter->is_default_order ? last_id : filter->skip + filter->limit);
}
