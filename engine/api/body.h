/* body - request bodies against their shapes: what is read becomes the arguments of an operation,
 * and everything that is wrong is noted, not only the first. */
#pragma once
#include <jansson.h>

#include "api/api_internal.h"
#include "api/route.h"

/* The body as JSON, whether it came as JSON, as a form or as multipart; no body at all is an empty
 * object. NULL: the exchange was answered (400, 415). The caller owns it. */
json_t *body_read(struct http_exchange *exchange, const struct api_shape *shape);

/* Adds an argument to <args> for each good field, an error to <errors> for each bad one. Fields that
 * the shape does not know are ignored, unless it is strict. <zone>: of times without an offset. */
void body_check(const struct api_shape *shape, const json_t *body, const struct tz *zone,
                json_t *args, struct api_errors *errors);

/* What only the store knows: notes fields that name rows or people who do not exist, and puts
 * people's ids in the place of their e-mail addresses. OK, or the store's error. */
int body_resolve(const struct api_shape *shape, json_t *args, struct tx *tx,
                 struct api_errors *errors, struct err *err);

/* The field that became the argument <path> ("priority", "roles.commander"), for errors that name
 * an argument; <path> itself when no field did. */
void body_field_of(const struct api_shape *shape, const char *path, char *out, size_t size);
