/* op_table - the lists that make up the table of operations, one a file, each closed by an entry
 * without a name. A new list is declared here and added to op_table.c. */
#pragma once
#include "core/op.h"

extern const struct op ATTACHMENT_OPS[];       /* attachment.c */
extern const struct op AUDIT_OPS[];            /* audit.c */
extern const struct op AUDIT_READ_OPS[];       /* audit_read.c */
extern const struct op CATEGORY_MTBF_OPS[];    /* category_mtbf.c */
extern const struct op CONVERSATION_OPS[];     /* conversation.c */
extern const struct op COST_OPS[];             /* cost.c */
extern const struct op CUSTOM_FIELD_OPS[];     /* custom_field.c */
extern const struct op EVENT_OPS[];            /* event.c */
extern const struct op GENERATION_OPS[];       /* generation_store.c */
extern const struct op IMPORT_OPS[];           /* import.c */
extern const struct op INCIDENT_OPS[];         /* incident.c */
extern const struct op INCIDENT_FIELD_OPS[];   /* incident_fields.c */
extern const struct op INCIDENT_IMPACT_OPS[];  /* incident_impacts.c */
extern const struct op INCIDENT_MEMBER_OPS[];  /* incident_members.c */
extern const struct op INCIDENT_MERGE_OPS[];   /* incident_merge.c */
extern const struct op INCIDENT_PRIVACY_OPS[]; /* incident_privacy.c */
extern const struct op INCIDENT_READ_OPS[];    /* incident_read.c */
extern const struct op INCIDENT_ROLE_OPS[];    /* incident_roles.c */
extern const struct op INCIDENT_TAG_OPS[];     /* incident_tags.c */
extern const struct op INCIDENT_UPDATE_OPS[];  /* incident_update.c */
extern const struct op INVITATION_OPS[];       /* invitation.c */
extern const struct op INVITATION_READ_OPS[];  /* invitation_read.c */
extern const struct op JOB_OPS[];              /* job_ops.c */
extern const struct op KEY_EVENT_OPS[];        /* key_event.c */
extern const struct op KEY_OPS[];              /* key.c */
extern const struct op KV_OPS[];               /* kv.c */
extern const struct op LIFECYCLE_OPS[];        /* lifecycle_read.c */
extern const struct op MESSAGE_OPS[];          /* message.c */
extern const struct op ONCALL_OPS[];           /* oncall.c */
extern const struct op OPT_OUT_OPS[];          /* opt_out.c */
extern const struct op PERSON_OPS[];           /* person_ops.c */
extern const struct op REFERENCE_OPS[];        /* reference.c */
extern const struct op REFERENCE_READ_OPS[];   /* reference_read.c */
extern const struct op TRANSCRIPT_OPS[];       /* transcript.c */
extern const struct op UPDATE_CHANGE_OPS[];    /* update_change.c */
extern const struct op UPDATE_READ_OPS[];      /* update_read.c */
extern const struct op USERGROUP_OPS[];        /* usergroup.c */
extern const struct op WEBHOOK_OPS[];          /* webhook.c */
extern const struct op WEBHOOK_DELIVERY_OPS[]; /* webhook_delivery.c */
extern const struct op WEBHOOK_HISTORY_OPS[];  /* webhook_history.c */
