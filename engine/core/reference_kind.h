/* reference_kind - what each kind of reference data looks like: the fields of its rows in the
 * configuration, the columns they become, and the statements. The generic work is done by
 * reference_table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REFERENCE_FIELDS_MAX = 14, REFERENCE_KEYS_MAX = 2 };

/* One column. */
struct reference_field {
    const char *key; /* in the configuration; NULL: the parent's id, filled by the engine */
    char type;       /* 't' text, 'i' integer, 'b' boolean */
    bool is_required;
    bool is_nullable; /* text: an absent one is NULL and not "" */
    bool is_slug;     /* text: only a-z, 0-9, _ and - */
    int64_t min, max; /* of the length (text) or of the value (integer) */
    int64_t fallback; /* integer, boolean: when absent */
};

/* One table. The statements take the fields in the order of <fields>. */
struct reference_kind {
    const char *name;     /* the argument: "priorities" */
    const char *children; /* the member of a row that holds the rows of another kind; NULL: none */
    const char *select;   /* id, is_active, fields */
    /* Binds id (NULL: the store makes one), fields, and twice the time when has_times. */
    const char *insert;
    const char *update; /* binds fields, the time when has_times, id; makes the row active */
    /* Binds id: moves unique values out of the way of other rows; NULL: not needed. */
    const char *park;
    const char *deactivate; /* binds the time when has_times, id */
    struct reference_field fields[REFERENCE_FIELDS_MAX];
    int field_count;
    int keys[REFERENCE_KEYS_MAX]; /* indexes of the fields that make the natural key; -1: unused */
    /* A field that is unique by itself as well, tried when the key matches nothing; -1: none. */
    int second_key;
    bool has_text_id;
    bool has_times;
};

extern const struct reference_kind PRIORITY_KIND, ENVIRONMENT_KIND, GROUP_KIND, CATEGORY_KIND,
    ROLE_KIND, MILESTONE_KIND, METRIC_KIND, IMPACT_KIND, LEVEL_KIND, COST_KIND;
