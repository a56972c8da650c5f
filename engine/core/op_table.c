#include "core/op_table.h"

#include <string.h>

/* One file's operations each; see op_table.h. */
static const struct op *const LISTS[] = {
    CATEGORY_MTBF_OPS,
    IMPORT_OPS,
    INCIDENT_OPS,
    INCIDENT_MEMBER_OPS,
    INCIDENT_READ_OPS,
    INCIDENT_ROLE_OPS,
    INCIDENT_UPDATE_OPS,
    INCIDENT_MERGE_OPS,
    INCIDENT_PRIVACY_OPS,
    INCIDENT_IMPACT_OPS,
    INCIDENT_TAG_OPS,
    INCIDENT_FIELD_OPS,
    CUSTOM_FIELD_OPS,
    COST_OPS,
    UPDATE_READ_OPS,
    UPDATE_CHANGE_OPS,
    LIFECYCLE_OPS,
    KEY_EVENT_OPS,
    ATTACHMENT_OPS,
    PERSON_OPS,
    REFERENCE_OPS,
    REFERENCE_READ_OPS,
    CONVERSATION_OPS,
    USERGROUP_OPS,
    INVITATION_OPS,
    INVITATION_READ_OPS,
    OPT_OUT_OPS,
    MESSAGE_OPS,
    TRANSCRIPT_OPS,
    EVENT_OPS,
    JOB_OPS,
    KV_OPS,
    ONCALL_OPS,
    KEY_OPS,
    AUDIT_OPS,
    AUDIT_READ_OPS,
    GENERATION_OPS,
    WEBHOOK_OPS,
    WEBHOOK_DELIVERY_OPS,
    WEBHOOK_HISTORY_OPS,
};
enum { LIST_COUNT = sizeof(LISTS) / sizeof(LISTS[0]) };

const struct op *op_at(int index)
{
    for (int i = 0; i < LIST_COUNT; i++)
        for (const struct op *op = LISTS[i]; op->name; op++)
            if (index-- == 0)
                return op;
    return NULL;
}

const struct op *op_find(const char *name)
{
    for (int i = 0; i < LIST_COUNT; i++)
        for (const struct op *op = LISTS[i]; op->name; op++)
            if (strcmp(op->name, name) == 0)
                return op;
    return NULL;
}
