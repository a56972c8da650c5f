#include "cli/suggest.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* How many letters to change, add, drop or swap with their neighbour; SUGGEST_NAME_SIZE for long
 * names. */
static int distance_between(const char *a, const char *b)
{
    int rows[3][SUGGEST_NAME_SIZE];
    int len_a = (int)strlen(a), len_b = (int)strlen(b);
    if (len_a >= SUGGEST_NAME_SIZE || len_b >= SUGGEST_NAME_SIZE)
        return SUGGEST_NAME_SIZE;
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (int j = 0; j <= len_b; j++)
        last[j] = j;
    for (int i = 1; i <= len_a; i++) {
        row[0] = i;
        for (int j = 1; j <= len_b; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        int *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[len_b];
}

/* A name within a third of its length is worth a suggestion. */
static int farthest(const char *wanted)
{
    return (int)strlen(wanted) / 3 + 2;
}

void suggest_begin(struct suggestion *suggestion, const char *wanted)
{
    *suggestion = (struct suggestion){ .wanted = wanted, .distance = farthest(wanted) };
}

void suggest_consider(struct suggestion *suggestion, const char *name)
{
    int distance = distance_between(suggestion->wanted, name);
    if (distance >= suggestion->distance)
        return;
    suggestion->distance = distance;
    copy_text(suggestion->name, sizeof(suggestion->name), name);
}
