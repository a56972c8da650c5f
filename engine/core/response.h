/* response - how an incident is answered. A critical one gets a channel and people at once, a normal
 * one waits for office hours: its priority says which. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* <recommended>: what the operator wrote for the priority, NULL when its value decides. */
bool response_is_critical(const char *recommended, int64_t priority_value);
/* "critical" or "normal" */
const char *response_name(bool is_critical);
