#include "api/cost_sum.h"

#include "core/money.h"

void cost_sum_add(struct cost_sum *sum, bool is_known, int64_t cents, const char *details)
{
    sum->cents += is_known ? cents : 0;
    sum->is_known |= is_known;
    sum->has_details |= details != NULL;
    if (!details || !*details)
        return;
    if (sum->details.len)
        buf_puts(&sum->details, "; ");
    buf_puts(&sum->details, details);
}

void cost_sum_write(const struct cost_sum *sum, struct json_writer *w)
{
    char amount[MONEY_TEXT_SIZE];
    money_text(sum->cents, amount);
    json_object_begin(w);
    json_put_text(w, "amount", sum->is_known ? amount : NULL);
    json_put_text(w, "details", sum->has_details ? buf_text(&sum->details) : NULL);
    json_object_finish(w);
}

void cost_sum_fini(struct cost_sum *sum)
{
    buf_fini(&sum->details);
    *sum = (struct cost_sum){ 0 };
}
