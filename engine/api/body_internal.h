/* body_internal - what the files of body share. */
#pragma once
#include "api/body.h"

enum { EMAIL_MAX = 128, ATTR_MAX = 160 };

/* Where the name without "?" ends. */
size_t body_name_len(const struct api_field *field);
/* The argument that the field becomes: its own name, in <room>, unless the field says otherwise. */
const char *body_argument_of(const struct api_field *field, char room[64]);
