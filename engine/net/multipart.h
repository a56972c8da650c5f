/* multipart - multipart/form-data bodies (RFC 7578) as form fields. Files are left out: what has a
 * file name is no field. */
#pragma once
#include "net/form.h"

/* Reads <body>, whose parts <content_type> tells apart ("multipart/form-data; boundary=..."). As
 * with form_parse() the values are bytes with a length, and the caller calls form_fini().
 * ERR_SYNTAX for what is none, ERR_LIMIT beyond FORM_MAX_FIELDS, ERR_NOMEM; then <out> is empty. */
int multipart_parse(const char *content_type, const char *body, size_t len, struct form *out,
                    struct err *err);
