#include "core/status.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    int number;
    const char *word, *name;
} STATUSES[STATUS_COUNT] = {
    { STATUS_OPEN, "open", "Open" },
    { STATUS_INVESTIGATING, "investigating", "Investigating" },
    { STATUS_MITIGATING, "mitigating", "Mitigating" },
    { STATUS_MITIGATED, "mitigated", "Mitigated" },
    { STATUS_POSTMORTEM, "postmortem", "Post-mortem" },
    { STATUS_CLOSED, "closed", "Closed" },
};

/* Words that were a label once; other threads may still read them, so they are kept. */
struct word {
    struct word *next;
    char text[];
};

/* The operator's words, NULL where there is none. A value of the process: answers everywhere need it. */
static struct {
    pthread_mutex_t lock; /* of <words> */
    struct word *words;
    _Atomic(const char *) current[STATUS_COUNT];
} labels = { .lock = PTHREAD_MUTEX_INITIALIZER };

int status_index(int status)
{
    return status % 10 == 0 && status >= STATUS_OPEN && status <= STATUS_CLOSED ? status / 10 - 1
                                                                                : -1;
}

int status_at(int index)
{
    return STATUSES[index].number;
}

const char *status_name(int status)
{
    int index = status_index(status);
    return index < 0 ? "Unknown" : STATUSES[index].name;
}

const char *status_label(int status)
{
    int index = status_index(status);
    const char *own = index < 0 ? NULL : atomic_load(&labels.current[index]);
    return own ? own : status_name(status);
}

int status_from_name(const char *word)
{
    for (int i = 0; i < STATUS_COUNT; i++)
        if (strcasecmp(word, STATUSES[i].word) == 0 || strcasecmp(word, STATUSES[i].name) == 0)
            return STATUSES[i].number;
    return 0;
}

int status_from_word(const char *word)
{
    for (int i = 0; i < STATUS_COUNT; i++)
        if (strcasecmp(word, status_label(STATUSES[i].number)) == 0)
            return STATUSES[i].number;
    return status_from_name(word);
}

static const char *keep_word(const char *text)
{
    for (struct word *word = labels.words; word; word = word->next)
        if (strcmp(word->text, text) == 0)
            return word->text;
    size_t size = strlen(text) + 1;
    struct word *word = xmalloc(sizeof(*word) + size);
    memcpy(word->text, text, size);
    word->next = labels.words;
    labels.words = word;
    return word->text;
}

void status_set_labels(const char *const wanted[STATUS_COUNT])
{
    pthread_mutex_lock(&labels.lock);
    for (int i = 0; i < STATUS_COUNT; i++)
        atomic_store(&labels.current[i], wanted[i] && *wanted[i] ? keep_word(wanted[i]) : NULL);
    pthread_mutex_unlock(&labels.lock);
}
