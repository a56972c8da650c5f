/* incident_fields - changing an incident's custom fields: those that are named, the others stay. */
#include "core/args.h"
#include "core/custom_field.h"
#include "core/incident_state.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/record_change.h"
#include "store/db.h"

enum { FIELDS_BYTES_MAX = 64 * 1024 };

static const char SET_FIELDS[] = "UPDATE incident SET custom_fields = ? WHERE id = ?";

/* <fields> becomes what the incident has after the change. Null takes a field away. */
static void merge(json_t *fields, json_t *given)
{
    const char *key;
    json_t *value;
    json_object_foreach (given, key, value) {
        if (json_is_null(value))
            json_object_del(fields, key);
        else
            json_object_set(fields, key, value);
    }
}

static int write(struct op_call *call, const struct incident_state *state, json_t *given,
                 bool *is_changed)
{
    struct args args = args_of(call);
    AUTO_FREE char *after = NULL;
    AUTO_JSON json_t *fields = json_loads(state->custom_fields, 0, NULL);
    if (!fields)
        fields = json_object();
    AUTO_JSON json_t *before = json_deep_copy(fields);
    merge(fields, given);
    *is_changed = !json_equal(before, fields);
    if (!*is_changed)
        return OK;
    int rc = args_json_text(&args, "custom_fields", fields, FIELDS_BYTES_MAX, &after);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, SET_FIELDS, "ti", after, state->id);
    if (rc < 0)
        return rc;
    struct record_change change = { .incident_id = state->id,
                                    .operation = "incident.set_custom_fields",
                                    .field = "custom_fields",
                                    .before = state->custom_fields,
                                    .after = after };
    return record_change_note(call, &change);
}

/* incident.set_custom_fields {id, custom_fields{key: value or null}} -> {is_changed, incident} */
static int set_custom_fields(struct op_call *call)
{
    struct args args = args_of(call);
    struct incident_state state = { 0 };
    json_t *given = NULL;
    bool is_changed = false;
    int64_t id;
    int rc = args_refuse_unknown(call, "id", "custom_fields");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK ||
        (rc = policy_require_incident(call, id)) != OK ||
        (rc = args_object_optional(&args, "custom_fields", &given)) != OK)
        return rc;
    if (json_object_get(given, "environments"))
        return args_fail(&args, "custom_fields",
                         "custom_fields.environments changes with incident.update");
    rc = incident_state_load(call->tx, id, &state, call->err);
    if (rc == OK)
        rc = custom_field_check(call, state.category_id, given);
    if (rc == OK)
        rc = write(call, &state, given, &is_changed);
    incident_state_fini(&state);
    return rc == OK ? record_change_answer(call, id, is_changed) : rc;
}

const struct op INCIDENT_FIELD_OPS[] = {
    { "incident.set_custom_fields", true, set_custom_fields,
      "{id, custom_fields{key: value or null}}: these fields change, the others stay; emits "
      "records.changed ->"
      " {is_changed, incident}" },
    { 0 },
};
