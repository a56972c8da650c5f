/* snapshot - config.lua, scripts/ and strategies/ read once into memory. The hash over all of it
 * names a generation. Immutable once made, so that threads may share it; counted. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct snapshot;

enum {
    SNAPSHOT_FILE_MAX = 1 << 20, /* bytes of one file */
    SNAPSHOT_TOTAL_MAX = 16 << 20,
    SNAPSHOT_FILES_MAX = 2000,
    SNAPSHOT_HASH_SIZE = 65, /* SHA-256 in hex and the NUL */
};

struct snapshot_file {
    char *path; /* below the root: "scripts/chat/client.lua"; the config is "config.lua" wherever it
                   lies */
    char *text; /* NUL-terminated, may hold NULs */
    size_t len;
};

/* Reads the files: *.lua without hidden ones, through symbolic links. <config_path> NULL: no
 * config. ERR_IO naming the file that cannot be read, ERR_LIMIT naming the one that is too large;
 * NULL then. Blocking; any thread. */
struct snapshot *snapshot_read(const char *root, const char *config_path, struct err *err);
/* From texts that lie one behind the other, and are copied: <files> is [[path, bytes]]. Makes no hash,
 * which is for whom keeps generations apart. ERR_INVALID when the bytes do not add up. */
struct snapshot *snapshot_from_texts(const json_t *files, const char *texts, size_t len,
                                     struct err *err);
/* From {path: text}, as the database keeps the last good one. */
struct snapshot *snapshot_from_json(const json_t *files, struct err *err);
/* {path: text}; a new reference. ERR_INVALID for a file that is not UTF-8. */
json_t *snapshot_to_json(const struct snapshot *snapshot, struct err *err);

/* Counted, any thread. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* NULL is allowed */

/* 64 hex digits; borrowed. Not of one from snapshot_from_texts(). */
const char *snapshot_hash(const struct snapshot *snapshot);
/* What errors call the config: its path as the operator gave it, when that is not
 * <root>/config.lua. */
const char *snapshot_config_name(const struct snapshot *snapshot);
/* Number of files. */
int snapshot_count(const struct snapshot *snapshot);
/* Sorted by path. */
const struct snapshot_file *snapshot_at(const struct snapshot *snapshot, int index);
/* NULL when there is none. */
const struct snapshot_file *snapshot_find(const struct snapshot *snapshot, const char *path);
