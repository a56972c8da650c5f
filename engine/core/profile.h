/* profile - what a chat platform tells about one of its users, read from arguments. Lenient: texts
 * that are too long are cut, an e-mail address that is none is left out. */
#pragma once
#include <stdbool.h>

#include "core/args.h"

enum { PROFILE_DIGEST_SIZE = 17, EMAIL_SIZE = 129 };

/* Texts are borrowed from the arguments; empty ones are absent. */
struct profile {
    struct text platform, external_id;
    struct text handle, name, first_name, last_name, image;
    char email[EMAIL_SIZE];           /* lower case, "" when there is none */
    char digest[PROFILE_DIGEST_SIZE]; /* of all fields */
    bool is_active, is_bot;
};

/* Reads {external_id, handle, email?, name?, first_name?, last_name?, image?, is_active?, is_bot?};
 * the caller has set profile->platform. ERR_INVALID without an external id, or with text that is
 * not UTF-8. */
int profile_read(const struct args *row, struct profile *profile);

/* "First Last", or the name, or the handle; "" when nothing is known. Caller frees. */
char *profile_display_name(const struct profile *profile);

/* What a username is made of: the e-mail address before the @, or the handle, or the external id;
 * only lower-case letters, digits and "@.+-_"; never empty. Caller frees. */
char *profile_username(const struct profile *profile);

/* Copies <email> in lower case. */
void email_lower(struct text email, char out[EMAIL_SIZE]);
