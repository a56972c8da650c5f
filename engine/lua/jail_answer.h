/* jail_answer - the people in what the jail says of one strategy. The jail is not trusted: whatever
 * it says is checked. */
#pragma once
#include <jansson.h>

/* Appends {person_id, strategy, reason, source_line?} to <people> for each row of the answer (see
 * jail_run.h). NULL, or what is wrong with the answer, a constant text: then <people> is as it was. */
const char *jail_answer_people(const json_t *answer, const json_t *strategy_name, json_t *people);
