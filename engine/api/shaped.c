/* shaped - see shaped.h. */
#include "api/shaped.h"

#include "api/reference_json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64 };

static bool is_time(const char *type)
{
    return !strncmp(type, "time", 4) && (type[4] == '\0' || type[4] == '?');
}

/* The member of <from> that <field>, called <name>, shows. */
static const json_t *source_of(const struct api_field *field, const char *name, const json_t *from)
{
    char member[NAME_SIZE + 4];
    snprintf(member, sizeof(member), "%s%s", name, is_time(field->type) ? "_ms" : "");
    return json_object_get(from, field->argument ? field->argument : member);
}

static void write_field(struct json_writer *w, const struct api_field *field, const json_t *from,
                        const struct tz *zone)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(field->name, "?"), field->name);
    const json_t *value = source_of(field, name, from);
    if (!value && strchr(field->name, '?'))
        return;
    if (is_time(field->type) && json_is_integer(value)) {
        json_put_time(w, name, json_integer_value(value), zone);
        return;
    }
    json_key(w, name);
    shaped_write(w, field->type, value, zone);
}

static void write_plain(struct json_writer *w, const json_t *value)
{
    AUTO_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_raw(w, text, strlen(text));
}

static void write_object(struct json_writer *w, const struct api_shape *shape, const json_t *value,
                         const struct tz *zone)
{
    json_object_begin(w);
    for (const struct api_field *field = shape->fields; field->name; field++)
        write_field(w, field, value, zone);
    json_object_finish(w);
}

static void write_list(struct json_writer *w, const char *type, const json_t *value,
                       const struct tz *zone)
{
    size_t index;
    json_t *item;
    json_array_begin(w);
    json_array_foreach (value, index, item)
        shaped_write(w, type, item, zone);
    json_array_finish(w);
}

void shaped_write(struct json_writer *w, const char *type, const json_t *value,
                  const struct tz *zone)
{
    const struct api_shape *shape = api_shape_find(type, strcspn(type, "?]}"));
    if (!value || json_is_null(value))
        json_null_value(w);
    else if (*type == '[')
        write_list(w, type + 1, value, zone);
    else if (shape)
        write_object(w, shape, value, zone);
    else
        write_plain(w, value);
}
