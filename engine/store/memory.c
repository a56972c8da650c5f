#include "store/memory.h"

#include "base/mem.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    STEP = 16,
    LARGEST = 1088, /* a piece of a journal in memory has 1024 bytes */
    CLASSES = LARGEST / STEP + 1,
    CHUNK = 32 << 10,
};

/* In front of what SQLite gets, which is aligned for 8 bytes. */
struct piece {
    size_t size; /* with this header */
    union {
        struct piece *next; /* while it is free */
        char data[8];
    };
};

enum { HEADER = offsetof(struct piece, data) };

/* What one thread has; a piece may come back on another thread than it was taken on. */
struct arena {
    struct piece *free[CLASSES];
    char *cut; /* of the newest chunk, not used yet */
    size_t left;
    struct arena *next; /* without a thread */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards <idle> */
static struct arena *idle;
static pthread_key_t key; /* ends a thread's arena */
static _Thread_local struct arena *mine;

static void leave(void *arg)
{
    struct arena *arena = arg;
    pthread_mutex_lock(&lock);
    arena->next = idle;
    idle = arena;
    pthread_mutex_unlock(&lock);
    mine = NULL;
}

static struct arena *enter(void)
{
    pthread_mutex_lock(&lock);
    struct arena *arena = idle;
    if (arena)
        idle = arena->next;
    pthread_mutex_unlock(&lock);
    if (!arena)
        arena = xcalloc(1, sizeof(*arena));
    pthread_setspecific(key, arena);
    return mine = arena;
}

/* The size of the piece that holds <wanted> bytes. */
static size_t size_for(size_t wanted)
{
    return (wanted + HEADER + STEP - 1) / STEP * STEP;
}

static bool is_small(size_t size)
{
    return !MEM_IS_CHECKED && size <= LARGEST;
}

static struct piece *piece_of(void *data)
{
    return (struct piece *)((char *)data - HEADER);
}

/* From the chunk; its rest is left over when it is too small. */
static struct piece *cut_piece(struct arena *arena, size_t size)
{
    if (arena->left < size) {
        char *chunk = try_malloc(CHUNK);
        if (!chunk)
            return NULL;
        arena->cut = chunk;
        arena->left = CHUNK;
    }
    struct piece *piece = (struct piece *)arena->cut;
    arena->cut += size;
    arena->left -= size;
    return piece;
}

static void *take(int wanted)
{
    size_t size = size_for((size_t)wanted);
    struct piece *piece;
    if (!is_small(size)) {
        piece = try_malloc(size);
    } else {
        struct arena *arena = mine ? mine : enter();
        struct piece **first = &arena->free[size / STEP];
        piece = *first;
        if (piece)
            *first = piece->next;
        else
            piece = cut_piece(arena, size);
    }
    if (!piece)
        return NULL;
    piece->size = size;
    return piece->data;
}

static void give(void *data)
{
    if (!data)
        return;
    struct piece *piece = piece_of(data);
    if (!is_small(piece->size)) {
        free(piece);
        return;
    }
    struct arena *arena = mine ? mine : enter();
    struct piece **first = &arena->free[piece->size / STEP];
    piece->next = *first;
    *first = piece;
}

static void *resize(void *data, int wanted)
{
    struct piece *piece = piece_of(data);
    size_t size = size_for((size_t)wanted);
    if (size == piece->size)
        return data;
    if (!is_small(size) && !is_small(piece->size)) {
        piece = try_realloc(piece, size);
        if (!piece)
            return NULL;
        piece->size = size;
        return piece->data;
    }
    void *moved = take(wanted);
    if (!moved)
        return NULL;
    size_t kept = (size < piece->size ? size : piece->size) - HEADER;
    memcpy(moved, data, kept);
    give(data);
    return moved;
}

static int size_of(void *data)
{
    return data ? (int)(piece_of(data)->size - HEADER) : 0;
}

static int round_up(int wanted)
{
    return (int)(size_for((size_t)wanted) - HEADER);
}

static int init(void *arg)
{
    (void)arg;
    return pthread_key_create(&key, leave) == 0 ? SQLITE_OK : SQLITE_NOMEM;
}

static void shut_down(void *arg)
{
    (void)arg;
    pthread_key_delete(key);
}

const struct sqlite3_mem_methods *memory_methods(void)
{
    static const struct sqlite3_mem_methods METHODS = {
        take, give, resize, size_of, round_up, init, shut_down, NULL,
    };
    return &METHODS;
}
