/* openapi_internal - what the files of openapi share. */
#pragma once
#include "api/openapi.h"
#include "api/route.h"

/* What stands beside a type. */
struct openapi_remarks {
    const char *about;
    size_t max;
};

/* The schema of a type as struct api_field has them; <len> bytes of <type>. */
void openapi_write_type(struct json_writer *w, const char *type, size_t len,
                        struct openapi_remarks remarks);
/* A member of "content": answers or bodies of a media type. */
void openapi_write_content(struct json_writer *w, const char *media, const char *type);

/* Does more than read. */
bool openapi_changes_something(const struct api_route *route);
/* The operation's member "responses". */
void openapi_write_responses(struct json_writer *w, const struct api_route *route);
/* The member "responses" of the components: refusals, which many operations share. */
void openapi_write_errors(struct json_writer *w);

/* A member with the shape's name. */
void openapi_write_shape(struct json_writer *w, const struct api_names *names,
                         const struct api_shape *shape);
