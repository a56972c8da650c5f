#include "api/people_json.h"

#include "base/json_writer.h"
#include "base/mem.h"
#include "store/db.h"

#include <stdint.h>
#include <string.h>

enum { ID_SIZE = 72, FIRST_SLOTS = 64 };

static const char SELECT_PERSON[] = "SELECT name, username, email FROM person WHERE id = ?";

struct person {
    char id[ID_SIZE];
    size_t at, len; /* its JSON within the text; len 0: not there */
};

/* The ids are the store's own, so nobody can choose them to collide. */
struct people_json {
    struct person *list;
    int count, room, loaded;
    int *slots;        /* open addressing: index + 1, 0 is empty */
    size_t slot_count; /* a power of two, at least twice <count> */
    struct buf text;
};

struct people_json *people_json_new(void)
{
    struct people_json *people = xcalloc(1, sizeof(*people));
    people->slot_count = FIRST_SLOTS;
    people->slots = xcalloc(people->slot_count, sizeof(*people->slots));
    return people;
}

void people_json_free(struct people_json *people)
{
    if (!people)
        return;
    free(people->list);
    free(people->slots);
    buf_fini(&people->text);
    free(people);
}

static size_t hash_id(const char *id)
{
    size_t len = strlen(id);
    uint64_t hash = len;
    uint64_t word = 0;
    for (size_t at = 0; at < len; at += sizeof(word)) {
        size_t part = len - at < sizeof(word) ? len - at : sizeof(word);
        word = 0;
        memcpy(&word, id + at, part);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return (size_t)hash;
}

/* The slot that holds <id>, or the empty one where it belongs. */
static int *find_slot(const struct people_json *people, const char *id)
{
    size_t at = hash_id(id);
    for (;; at++) {
        int *slot = &people->slots[at & (people->slot_count - 1)];
        if (*slot == 0 || !strcmp(people->list[*slot - 1].id, id))
            return slot;
    }
}

static void grow(struct people_json *people)
{
    people->room = people->room ? people->room * 2 : FIRST_SLOTS / 2;
    people->list = xrealloc(people->list, (size_t)people->room * sizeof(*people->list));
    if (people->slot_count >= 2 * (size_t)people->room)
        return;
    free(people->slots);
    people->slot_count *= 2;
    people->slots = xcalloc(people->slot_count, sizeof(*people->slots));
    for (int i = 0; i < people->count; i++)
        *find_slot(people, people->list[i].id) = i + 1;
}

int people_json_want(struct people_json *people, const char *id)
{
    if (people->count == people->room)
        grow(people);
    int *slot = find_slot(people, id);
    if (*slot)
        return *slot - 1;
    struct person *person = &people->list[people->count];
    size_t len = strlen(id);
    REQUIRE(len < sizeof(person->id));
    memcpy(person->id, id, len + 1);
    person->len = 0;
    *slot = ++people->count;
    return people->count - 1;
}

static void write_person(struct people_json *people, struct person *person, struct stmt *stmt)
{
    struct buf *out = &people->text;
    int name = stmt_bytes(stmt, 0) ? 0 : 1;
    person->at = out->len;
    buf_puts(out, "{\"id\":");
    json_escape(out, person->id, strlen(person->id));
    buf_puts(out, ",\"name\":");
    json_escape(out, stmt_text(stmt, name), stmt_bytes(stmt, name));
    buf_puts(out, ",\"email\":");
    if (stmt_is_null(stmt, 2))
        buf_puts(out, "null");
    else
        json_escape(out, stmt_text(stmt, 2), stmt_bytes(stmt, 2));
    buf_putc(out, '}');
    person->len = people->text.len - person->at;
}

/* One by one: measured faster than a list of ids, which the store would sort first. */
int people_json_load(struct people_json *people, struct tx *tx, struct err *err)
{
    for (; people->loaded < people->count; people->loaded++) {
        struct person *person = &people->list[people->loaded];
        struct stmt *stmt = tx_query(tx, err, SELECT_PERSON, "t", person->id);
        int rc = stmt ? stmt_next(stmt, err) : err->code;
        if (rc == DB_ROW)
            write_person(people, person, stmt);
        stmt_end(stmt);
        if (rc < 0)
            return rc;
    }
    return OK;
}

void people_json_write(const struct people_json *people, int person, struct buf *out)
{
    const struct person *known = &people->list[person];
    if (known->len)
        buf_append(out, people->text.data + known->at, known->len);
    else
        buf_append(out, "null", 4);
}
