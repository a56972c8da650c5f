/* update_source - the message of a chat platform that a record of a timeline was made from. One
 * message makes one record, however often and in whichever way it is taken over. */
#pragma once
#include "core/args.h"
#include "core/ids.h"

/* Texts are borrowed from the arguments. */
struct update_source {
    struct text conversation_id, external_id;
    struct text kind; /* how it was taken over, a word of the caller's; may be absent */
};

/* True when a source was named. */
static inline bool update_source_is_set(const struct update_source *source)
{
    return source->external_id.at != NULL;
}

/* Reads the member `source` {conversation_id, external_id, kind?} of <args> when it is there.
 * ERR_INVALID for its field; a conversation that is not known is refused. */
int update_source_read(struct op_call *call, const struct args *args, struct update_source *source);

/* The record that was made from the message, and its incident: "" and 0 when there is none. */
int update_source_find(struct op_call *call, const struct update_source *source,
                       char update_id[ID_SIZE], int64_t *incident_id);
