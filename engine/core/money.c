#include "core/money.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t CENTS_MAX = 9999999999; /* eight digits and two decimals */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "-12.5" -> -1250. False when it is no amount. */
static bool parse(struct text text, int64_t *cents)
{
    bool is_negative = text.len > 0 && *text.at == '-';
    size_t at = is_negative;
    int decimals = -1; /* none yet */
    int64_t value = 0;
    if (at == text.len || !is_digit(text.at[at]))
        return false;
    for (; at < text.len; at++) {
        if (text.at[at] == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (!is_digit(text.at[at]) || decimals == 2 || value > CENTS_MAX)
            return false;
        value = value * 10 + (text.at[at] - '0');
        decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
        value *= 10;
    *cents = is_negative ? -value : value;
    return decimals != 0 && value <= CENTS_MAX;
}

/* A number that is whole in cents. */
static bool from_number(json_t *number, int64_t *cents)
{
    double value = json_number_value(number) * 100;
    double whole = round(value);
    if (!(fabs(value) <= (double)CENTS_MAX) || fabs(value - whole) > 1e-4)
        return false;
    *cents = (int64_t)whole;
    return true;
}

int money_read(const struct args *args, const char *key, bool *has, int64_t *cents)
{
    json_t *value = json_object_get(args->object, key);
    struct text text;
    bool is_good;
    *has = args_has(args, key);
    if (!*has)
        return OK;
    if (json_is_number(value)) {
        is_good = from_number(value, cents);
    } else {
        int rc = args_text(args, key, 1, 20, &text);
        if (rc != OK)
            return rc;
        is_good = parse(text, cents);
    }
    return is_good ? OK
                   : args_fail(args, key,
                               "%s must be an amount such as \"10.00\", with at most two decimals"
                               " and eight digits before them",
                               key);
}

void money_text(int64_t cents, char out[MONEY_TEXT_SIZE])
{
    int64_t amount = cents < 0 ? -cents : cents;
    snprintf(out, MONEY_TEXT_SIZE, "%s%" PRId64 ".%02d", cents < 0 ? "-" : "", amount / 100,
             (int)(amount % 100));
}
