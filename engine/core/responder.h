/* responder - the searches that invite strategies make: who is on call, who is in a group or a
 * conversation, who has a role. They only read, name people by id, and say through what each was
 * found. Whether somebody can be invited is decided later (invitation.request), so that what is
 * left out is recorded with its reason. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

enum { RESPONDERS_MAX = 20000 }; /* rows of one search; more: ERR_LIMIT */

struct responder_search {
    struct tx *tx;
    /* Called for each row: the same person may come several times. <via> is a reason for a
     * human: "@payments-oncall". Both texts are valid during the call. */
    void (*found)(void *arg, const char *person_id, const char *via);
    void *arg;
    int64_t now_ms; /* who is on call at that time */
};

/* All return OK, also when nobody is found, or an error. ERR_NOT_FOUND when what was named does
 * not exist. */

/* <level> 0: any; <service>, <provider> NULL: any. */
int responders_on_call(const struct responder_search *search, int64_t level, const char *service,
                       const char *provider, struct err *err);
/* Members of the active user group with this handle (with or without "@"), our id, or the
 * platform's id. */
int responders_of_usergroup(const struct responder_search *search, const char *name,
                            struct err *err);
/* Members of all active user groups with the tag; none is no error. */
int responders_of_usergroup_tag(const struct responder_search *search, const char *tag,
                                struct err *err);
/* Members of the conversation with this tag, our id, or the platform's id. */
int responders_of_conversation(const struct responder_search *search, const char *name,
                               struct err *err);
/* Members of the user groups, and of the conversations, that belong to the category. */
int responders_of_category_groups(const struct responder_search *search, const char *category_id,
                                  struct err *err);
int responders_of_category_conversations(const struct responder_search *search,
                                         const char *category_id, struct err *err);
/* The person with the e-mail address. */
int responders_person(const struct responder_search *search, const char *email, struct err *err);
/* Who has the role in the incident. ERR_NOT_FOUND for a role that does not exist. */
int responders_of_role(const struct responder_search *search, int64_t incident_id, const char *slug,
                       struct err *err);
