#include "lua/jail_answer.h"

#include <stdbool.h>
#include <stddef.h>

enum { ROWS_MAX = 20000 }; /* of one strategy's answer that are believed */

static const char NOT_UNDERSTOOD[] = "gave no answer that can be understood";

enum { REASON, LINE, FIRST_ID }; /* of one array of ids */

/* Those who are there for one reason. <like>: what they have in common. */
static bool add_ids(json_t *people, const json_t *ids, const json_t *like)
{
    for (size_t i = FIRST_ID; i < json_array_size(ids); i++) {
        json_t *id = json_array_get(ids, i), *person = json_copy((json_t *)like);
        if (!json_is_string(id) || json_object_set(person, "person_id", id) != 0) {
            json_decref(person);
            return false;
        }
        json_array_append_new(people, person);
    }
    return true;
}

static bool add_group(json_t *people, const json_t *group, const json_t *strategy_name,
                      const json_t *reasons)
{
    json_t *number = json_array_get(group, REASON), *line = json_array_get(group, LINE);
    json_t *reason = json_array_get(reasons, (size_t)json_integer_value(number));
    if (!json_is_integer(number) || !json_is_integer(line) || !json_is_string(reason))
        return false;
    json_t *like = json_pack("{sO sO}", "strategy", strategy_name, "reason", reason);
    if (json_integer_value(line) > 0)
        json_object_set(like, "source_line", line);
    bool is_good = add_ids(people, group, like);
    json_decref(like);
    return is_good;
}

const char *jail_answer_people(const json_t *answer, const json_t *strategy_name, json_t *people)
{
    const json_t *reasons = json_object_get(answer, "reasons");
    json_t *groups = json_object_get(answer, "people"), *group, *added = json_array();
    const char *problem = json_is_array(groups) ? NULL : NOT_UNDERSTOOD;
    size_t index, rows = 0;
    json_array_foreach (groups, index, group) {
        rows += json_array_size(group) > FIRST_ID ? json_array_size(group) - FIRST_ID : 1;
        if (rows > ROWS_MAX)
            problem = "names more than 20000 people";
        else if (!add_group(added, group, strategy_name, reasons))
            problem = NOT_UNDERSTOOD;
        if (problem)
            break;
    }
    if (!problem)
        json_array_extend(people, added);
    json_decref(added);
    return problem;
}
