/* openapi_schema - types of the tables of routes and shapes as JSON Schema. */
#include "api/openapi_internal.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_SIZE = 64 };

/* ---- types ------------------------------------------------------------------------------------ */

static void write_choices(struct json_writer *w, const char *choices, size_t len)
{
    const char *end = choices + len;
    json_put_text(w, "type", "string");
    json_key(w, "enum");
    json_array_begin(w);
    for (const char *at = choices; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        bar = bar ? bar : end;
        json_text_n(w, at, (size_t)(bar - at));
        at = bar + 1;
    }
    json_array_finish(w);
}

/* A type that is no list, map or choice. */
struct plain {
    const char *name, *type, *members; /* the type alone, so that null can stand beside it */
};

static const struct plain PLAIN[] = {
    { "text", "string", "" },
    { "email", "string", "\"format\":\"email\"" },
    { "uuid", "string", "" }, /* rows may have ids of the config's own */
    { "url", "string", "\"format\":\"uri\"" },
    { "time", "string", "\"format\":\"date-time\"" },
    { "duration", "string", "\"examples\":[\"1 02:30:00\"]" },
    { "int", "integer", "" },
    { "number", "number", "" },
    { "flag", "boolean", "" },
    { "any", NULL, "" },
    { "limit", NULL,
      "\"oneOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000},{\"type\":\"string\","
      "\"enum\":[\"all\"]}]" },
    { "decimal", NULL, "\"type\":[\"string\",\"number\"],\"examples\":[\"10.00\"]" },
    { "status", NULL,
      "\"oneOf\":[{\"type\":\"integer\",\"enum\":[10,20,30,40,50,60]},{\"type\":\"string\","
      "\"enum\":[\"Open\",\"Investigating\",\"Mitigating\",\"Mitigated\",\"Post-mortem\","
      "\"Closed\"]}]" },
    /* A person by id or e-mail address; several as a list. */
    { "people", NULL,
      "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]" },
};

static const struct plain *find_plain(const char *type, size_t len)
{
    for (size_t i = 0; i < sizeof(PLAIN) / sizeof(*PLAIN); i++)
        if (strlen(PLAIN[i].name) == len && !strncmp(type, PLAIN[i].name, len))
            return &PLAIN[i];
    return NULL;
}

static void write_plain(struct json_writer *w, const struct plain *plain, bool is_nullable)
{
    if (plain->type && is_nullable) {
        json_key(w, "type");
        json_array_begin(w);
        json_text(w, plain->type);
        json_text(w, "null");
        json_array_finish(w);
    } else if (plain->type) {
        json_put_text(w, "type", plain->type);
    }
    json_members(w, plain->members, strlen(plain->members));
}

/* The schema's members; <type> of <len> is not null. */
static void write_members(struct json_writer *w, const char *type, size_t len)
{
    const struct plain *plain = find_plain(type, len);
    bool is_list = *type == '[';
    if (is_list || *type == '{') {
        json_put_text(w, "type", is_list ? "array" : "object");
        json_key(w, is_list ? "items" : "additionalProperties");
        openapi_write_type(w, type + 1, len - 2, (struct openapi_remarks){ 0 });
    } else if (*type == '=') {
        write_choices(w, type + 1, len - 1);
    } else if (plain) {
        write_plain(w, plain, false);
    } else {
        char reference[128];
        snprintf(reference, sizeof(reference), "#/components/schemas/%.*s", (int)len, type);
        json_put_text(w, "$ref", reference);
    }
}

static void write_nullable(struct json_writer *w, const char *type, size_t len)
{
    const struct plain *plain = find_plain(type, len);
    if (plain && plain->type) {
        write_plain(w, plain, true);
        return;
    }
    json_key(w, "oneOf");
    json_array_begin(w);
    openapi_write_type(w, type, len, (struct openapi_remarks){ 0 });
    json_object_begin(w);
    json_put_text(w, "type", "null");
    json_object_finish(w);
    json_array_finish(w);
}

void openapi_write_type(struct json_writer *w, const char *type, size_t len,
                        struct openapi_remarks remarks)
{
    json_object_begin(w);
    if (type[len - 1] == '?')
        write_nullable(w, type, len - 1);
    else
        write_members(w, type, len);
    if (remarks.max)
        json_put_int(w, "maxLength", (int64_t)remarks.max);
    if (remarks.about && *remarks.about)
        json_put_text(w, "description", remarks.about);
    json_object_finish(w);
}

void openapi_write_content(struct json_writer *w, const char *media, const char *type)
{
    json_key(w, media);
    json_object_begin(w);
    json_key(w, "schema");
    openapi_write_type(w, type, strlen(type), (struct openapi_remarks){ 0 });
    json_object_finish(w);
}

/* ---- shapes ----------------------------------------------------------------------------------- */

/* The name as clients read it; false for a member that this installation leaves out. */
static bool name_of(const struct api_names *names, const struct api_field *field,
                    char out[NAME_MAX_SIZE])
{
    const char *name = field->name;
    if (*name == '@')
        name = !strcmp(name, "@channel_name") ? names->channel_name
               : !strcmp(name, "@ticket_key") ? names->ticket_key
                                              : names->ticket_url;
    snprintf(out, NAME_MAX_SIZE, "%.*s", (int)strcspn(name, "?"), name);
    return *out;
}

static void write_field(struct json_writer *w, const struct api_names *names,
                        const struct api_field *field)
{
    char name[NAME_MAX_SIZE];
    if (!name_of(names, field, name))
        return;
    json_key(w, name);
    openapi_write_type(w, field->type, strlen(field->type),
                       (struct openapi_remarks){ field->about, field->max });
}

void openapi_write_shape(struct json_writer *w, const struct api_names *names,
                         const struct api_shape *shape)
{
    char name[NAME_MAX_SIZE];
    json_key(w, shape->name);
    json_object_begin(w);
    json_put_text(w, "type", "object");
    json_put_text(w, "description", shape->about);
    json_key(w, "properties");
    json_object_begin(w);
    for (const struct api_field *field = shape->fields; field->name; field++)
        write_field(w, names, field);
    json_object_finish(w);
    json_key(w, "required");
    json_array_begin(w);
    for (const struct api_field *field = shape->fields; field->name; field++)
        if (!strchr(field->name, '?') && name_of(names, field, name))
            json_text(w, name);
    json_array_finish(w);
    if (shape->is_strict || shape->has_more)
        json_put_bool(w, "additionalProperties", shape->has_more);
    json_object_finish(w);
}
