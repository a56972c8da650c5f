/* money - amounts as whole cents, so that sums are exact. */
#pragma once
#include <jansson.h>
#include <stdint.h>

#include "core/args.h"

enum { MONEY_TEXT_SIZE = 24 };

/* Reads the argument <key>: a text ("10.00") or a number, with at most two
 * decimals and eight digits before them. Absent: *has is false and *cents stays. */
int money_read(const struct args *args, const char *key, bool *has, int64_t *cents);

/* "10.00", "-0.05". */
void money_text(int64_t cents, char out[MONEY_TEXT_SIZE]);
