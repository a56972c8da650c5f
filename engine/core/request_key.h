/* request_key - a change that is asked for again under the same key (a job that is repeated, a button
 * pressed twice) is not made again but answered as before. What was answered is kept for a day, in
 * the transaction of the change: either both are on disk or neither. */
#pragma once
#include <jansson.h>

#include "core/args.h"

enum { REQUEST_KEY_MAX = 500 }; /* characters */

/* Reads the argument request_key; absent: .at is NULL. */
int request_key_read(const struct args *args, struct text *key);
/* Sets *kept to what <operation> kept under <key>; NULL when there is nothing, or no key. The caller
 * frees it. */
int request_key_find(struct op_call *call, const char *operation, struct text key, json_t **kept);
/* Keeps <json>, the text of an object. Nothing without a key. */
int request_key_keep(struct op_call *call, const char *operation, struct text key,
                     const char *json);
