/* shaped - what an operation answered, as the API shows it: member by member as a shape says, with
 * times as ISO 8601 in the place of milliseconds. What a shape does not name stays inside. */
#pragma once
#include <jansson.h>

#include "api/route.h"
#include "base/json_writer.h"

struct tz;

/* Writes <value> as a <type> (see struct api_field): one value, as json_writer.h has it. A field
 * reads the operation's member that its `argument` names, else that of its own name; a time reads
 * <name>_ms. Optional members that are missing are left out, others are null. Times are told in <zone>. */
void shaped_write(struct json_writer *w, const char *type, const json_t *value, const struct tz *zone);
