/* unit_together - what the units of a generation say about each other and about the config. */
#include "lua/unit.h"

#include "base/mem.h"
#include "lua/config.h"
#include "lua/report.h"
#include "lua/snapshot.h"

#include <string.h>

static const char *path_of_schedule(const struct generation *generation, const char *name)
{
    for (int i = 0; i < generation->unit_count; i++) {
        if (generation->units[i].kind != UNIT_SCHEDULE)
            continue;
        AUTO_FREE char *unit = unit_name(generation->units[i].file->path);
        if (strcmp(unit, name) == 0)
            return generation->units[i].file->path;
    }
    return NULL;
}

/* A schedule whose task belongs to an integration that is off is off as well; one whose task does
 * not exist is a mistake. */
static void check_schedule_tasks(struct generation *generation, struct report *report)
{
    for (size_t i = json_array_size(generation->schedules); i-- > 0;) {
        const json_t *row = json_array_get(generation->schedules, i);
        const char *task = json_string_value(json_object_get(row, "task"));
        AUTO_FREE char *id = xasprintf("task:%s", task);
        const struct handler *handler = map_get(generation->handlers, id);
        const char *name = json_string_value(json_object_get(row, "name"));
        if (!handler)
            report_add(report, "%s: there is no task \"%s\"", path_of_schedule(generation, name),
                       task);
        else if (!handler->is_enabled)
            json_array_remove(generation->schedules, i);
    }
}

static void check_overrides(const struct generation *generation, struct report *report)
{
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get(generation->config, "schedules"), name, value) {
        if (path_of_schedule(generation, name))
            continue;
        AUTO_FREE char *path = xasprintf("schedules.%s", name);
        AUTO_FREE char *message = xasprintf("there is no strategies/schedules/%s.lua", name);
        config_report(report, generation->snapshot, path, message);
    }
}

/* Two units of one kind with the same name in different folders would be one to everybody else. */
static void check_names(const struct generation *generation, enum unit_kind kind,
                        struct report *report)
{
    struct map *seen = map_new(NULL);
    for (int i = 0; i < generation->unit_count; i++) {
        const struct unit *unit = &generation->units[i];
        if (unit->kind != kind)
            continue;
        AUTO_FREE char *name = unit_name(unit->file->path);
        const char *other = map_get(seen, name);
        if (other)
            report_add(report, "%s: has the same name as %s", unit->file->path, other);
        map_put(seen, name, unit->file->path);
    }
    map_free(seen);
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* A tag that only one may have is given once in the config. */
static void check_unique_tag(const struct generation *generation, const json_t *tag,
                             struct report *report)
{
    AUTO_FREE char *table = xasprintf("%ss", member(tag, "applies_to"));
    const json_t *rows = json_object_get(generation->reference, table);
    size_t index;
    json_t *row;
    int given = 0;
    json_array_foreach (rows, index, row)
        given += strcmp(member(row, "tag"), member(tag, "tag")) == 0;
    if (given > 1)
        report_add(report, "%s: tag \"%s\" is given to %d %s; only one may have it",
                   snapshot_config_name(generation->snapshot), member(tag, "tag"), given, table);
}

static bool has_tag(const struct generation *generation, const char *name, const char *applies_to)
{
    size_t i;
    json_t *tag;
    json_array_foreach (generation->tags, i, tag)
        if (strcmp(member(tag, "tag"), name) == 0 &&
            strcmp(member(tag, "applies_to"), applies_to) == 0)
            return true;
    return false;
}

/* A tag whose meaning is for the other kind would do nothing. */
static void check_misplaced_tag(const struct generation *generation, const json_t *tag,
                                struct report *report)
{
    bool is_group = strcmp(member(tag, "applies_to"), "usergroup") == 0;
    const char *other = is_group ? "conversation" : "usergroup";
    if (has_tag(generation, member(tag, "tag"), other))
        return;
    AUTO_FREE char *table = xasprintf("%ss", other);
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(generation->reference, table), i, row)
        if (strcmp(member(row, "tag"), member(tag, "tag")) == 0)
            report_add(report, "%s: tag \"%s\" says something of a %s, not of a %s (%s)",
                       snapshot_config_name(generation->snapshot), member(tag, "tag"),
                       is_group ? "user group" : "conversation",
                       is_group ? "conversation" : "user group", member(tag, "path"));
}

static void check_tags(const struct generation *generation, struct report *report)
{
    size_t i, j;
    json_t *tag, *other;
    json_array_foreach (generation->tags, i, tag) {
        json_array_foreach (generation->tags, j, other) {
            bool is_same = strcmp(member(tag, "tag"), member(other, "tag")) == 0 &&
                           strcmp(member(tag, "applies_to"), member(other, "applies_to")) == 0;
            if (j < i && is_same)
                report_add(report, "%s: tag \"%s\" is described in %s already", member(tag, "path"),
                           member(tag, "tag"), member(other, "path"));
        }
        if (json_is_true(json_object_get(tag, "is_unique")))
            check_unique_tag(generation, tag, report);
        check_misplaced_tag(generation, tag, report);
    }
}

void units_check_together(struct generation *generation, struct report *report)
{
    check_schedule_tasks(generation, report);
    check_overrides(generation, report);
    check_names(generation, UNIT_SCHEDULE, report);
    check_names(generation, UNIT_INVITE, report);
    check_tags(generation, report);
}
