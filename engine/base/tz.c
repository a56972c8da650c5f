/* Reads TZif files (RFC 8536): a table of past changes, and a POSIX rule text for all years after it.
 * Read tz_load() first, then offset_at(). */
#include "base/tz.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/tz_rule.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 256 * 1024, HEADER_SIZE = 44, LONGEST_NAME = 64, DAY_S = 86400 };

struct tz {
    size_t change_count;
    int64_t *changes;         /* heap: seconds since the epoch, ascending */
    unsigned char *change_to; /* heap: the type from that change on */
    struct tz_type *types;    /* heap, at least one; types[0] is before the first change */
    size_t type_count;
    struct tz_rule rule; /* after the last change, when has_rule */
    bool has_rule;
};

/* The counts of a TZif header, in the file's order. */
struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint64_t read_big_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool read_header(const unsigned char *at, size_t left, struct counts *counts)
{
    if (left < HEADER_SIZE || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    uint32_t *fields[] = { &counts->isut, &counts->isstd, &counts->leap,
                           &counts->time, &counts->type,  &counts->chars };
    for (int i = 0; i < 6; i++) {
        *fields[i] = (uint32_t)read_big_endian(at + 20 + 4 * i, 4);
        if (*fields[i] > LARGEST_FILE)
            return false;
    }
    return true;
}

static size_t body_size(const struct counts *counts, size_t time_size)
{
    return counts->time * (time_size + 1) + counts->type * 6u + counts->chars +
           counts->leap * (time_size + 4) + counts->isstd + counts->isut;
}

static bool read_types(struct tz *tz, const unsigned char *at, const struct counts *counts)
{
    const char *names = (const char *)at + counts->type * 6u;
    tz->type_count = counts->type;
    tz->types = xcalloc(counts->type, sizeof(*tz->types));
    for (size_t i = 0; i < counts->type; i++, at += 6) {
        struct tz_type *type = &tz->types[i];
        type->offset_s = (int32_t)read_big_endian(at, 4);
        if (at[5] >= counts->chars || type->offset_s < -2 * DAY_S || type->offset_s > 2 * DAY_S)
            return false;
        size_t len = strnlen(names + at[5], counts->chars - at[5]);
        snprintf(type->abbrev, sizeof(type->abbrev), "%.*s", (int)len, names + at[5]);
    }
    return true;
}

static bool read_changes(struct tz *tz, const unsigned char *at, const struct counts *counts)
{
    const unsigned char *to = at + counts->time * 8u;
    tz->change_count = counts->time;
    tz->changes = xcalloc(counts->time, sizeof(*tz->changes));
    tz->change_to = xcalloc(counts->time, 1);
    for (size_t i = 0; i < counts->time; i++) {
        tz->changes[i] = (int64_t)read_big_endian(at + 8 * i, 8);
        tz->change_to[i] = to[i];
        if (to[i] >= counts->type || (i > 0 && tz->changes[i] <= tz->changes[i - 1]))
            return false;
    }
    return true;
}

static bool read_footer(struct tz *tz, const unsigned char *at, size_t left)
{
    if (left < 2 || at[0] != '\n')
        return false;
    const unsigned char *end = memchr(at + 1, '\n', left - 1);
    if (!end)
        return false;
    if (end == at + 1)
        return true;
    AUTO_FREE char *text = xstrndup((const char *)at + 1, (size_t)(end - at - 1));
    tz->has_rule = tz_rule_parse(text, &tz->rule);
    return tz->has_rule;
}

/* Skips the version-1 block, which has 32-bit times, and reads the second. */
static bool read_file(struct tz *tz, const unsigned char *data, size_t size)
{
    struct counts counts;
    if (!read_header(data, size, &counts))
        return false;
    size_t skip = HEADER_SIZE + body_size(&counts, 4);
    if (skip > size || !read_header(data + skip, size - skip, &counts))
        return false;
    const unsigned char *body = data + skip + HEADER_SIZE;
    size_t left = size - skip - HEADER_SIZE;
    size_t used = body_size(&counts, 8);
    if (used > left || counts.type == 0 || counts.chars == 0)
        return false;
    return read_types(tz, body + counts.time * 9u, &counts) && read_changes(tz, body, &counts) &&
           read_footer(tz, body + used, left - used);
}

static bool is_zone_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > LONGEST_NAME || !isalpha((unsigned char)name[0]) || name[len - 1] == '/')
        return false;
    for (const char *at = name; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("+-_/", *at))
            return false;
        if (at[0] == '/' && at[1] == '/')
            return false;
    }
    return true;
}

static bool load_file(struct tz *tz, const char *name, struct err *err)
{
    AUTO_FREE char *path = xasprintf("/usr/share/zoneinfo/%s", name);
    AUTO_FREE unsigned char *data = xmalloc(LARGEST_FILE);
    FILE *file = fopen(path, "rbe");
    if (!file) {
        err_set(err, ERR_NOT_FOUND, "time zone \"%s\": %s: %s", name, path, strerror(errno));
        return false;
    }
    size_t size = fread(data, 1, LARGEST_FILE, file);
    fclose(file);
    if (!read_file(tz, data, size)) {
        err_set(err, ERR_IO, "time zone \"%s\": %s is not a time zone file of version 2 or later",
                name, path);
        return false;
    }
    return true;
}

struct tz *tz_load(const char *name, struct err *err)
{
    if (!is_zone_name(name)) {
        err_set(err, ERR_INVALID,
                "\"%.64s\" is not the name of a time zone, such as \"Europe/Paris\"", name);
        return NULL;
    }
    struct tz *tz = xcalloc(1, sizeof(*tz));
    if (strcmp(name, "UTC") == 0) {
        tz->type_count = 1;
        tz->types = xcalloc(1, sizeof(*tz->types));
        memcpy(tz->types[0].abbrev, "UTC", 4);
        return tz;
    }
    if (!load_file(tz, name, err)) {
        tz_free(tz);
        return NULL;
    }
    return tz;
}

void tz_free(struct tz *tz)
{
    if (!tz)
        return;
    free(tz->changes);
    free(tz->change_to);
    free(tz->types);
    free(tz);
}

/* What the clocks showed at <seconds> since the epoch. */
static const struct tz_type *type_at(const struct tz *tz, int64_t seconds)
{
    if (tz->change_count == 0 || seconds < tz->changes[0])
        return tz->has_rule && tz->change_count == 0 ? tz_rule_at(&tz->rule, seconds)
                                                     : &tz->types[0];
    if (tz->has_rule && seconds >= tz->changes[tz->change_count - 1])
        return tz_rule_at(&tz->rule, seconds);
    size_t low = 0; /* changes[low] <= seconds < changes[high] */
    size_t high = tz->change_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (tz->changes[middle] <= seconds)
            low = middle;
        else
            high = middle;
    }
    return &tz->types[tz->change_to[low]];
}

void tz_to_local(const struct tz *tz, int64_t epoch_ms, struct civil *out)
{
    int64_t seconds = epoch_ms / 1000 - (epoch_ms % 1000 < 0);
    const struct tz_type *type = type_at(tz, seconds);
    civil_from_seconds(seconds + type->offset_s, out);
    out->offset_s = type->offset_s;
    memcpy(out->abbrev, type->abbrev, sizeof(out->abbrev));
}

int64_t tz_from_local(const struct tz *tz, const struct civil *in)
{
    int64_t local = civil_to_seconds(in);
    /* No zone is a day or more from UTC, so these two are safely before and after any change that matters. */
    int before = type_at(tz, local - DAY_S)->offset_s;
    int after = type_at(tz, local + DAY_S)->offset_s;
    /* The earlier instant first; with the old offset in force on neither side it is a gap. */
    int64_t with_before = local - before;
    int64_t with_after = local - after;
    bool before_holds = type_at(tz, with_before)->offset_s == before;
    bool after_holds = type_at(tz, with_after)->offset_s == after;
    int64_t seconds = with_before;
    if (after_holds && (!before_holds || with_after < with_before))
        seconds = with_after;
    return seconds * 1000;
}

void tz_format_iso(const struct tz *tz, int64_t epoch_ms, struct buf *out)
{
    int64_t seconds = epoch_ms / 1000 - (epoch_ms % 1000 < 0);
    int offset_s = type_at(tz, seconds)->offset_s;
    int minutes = abs(offset_s) / 60; /* ISO 8601 has no seconds there, as some zones once had */
    clock_format_iso(epoch_ms + (offset_s < 0 ? -minutes : minutes) * INT64_C(60000), out);
    if (!minutes)
        return;
    out->len--;
    buf_printf(out, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}
