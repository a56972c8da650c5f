/* Every operation with arguments that make no sense: the right names with values of all kinds, in all mixtures. Each
 * answers or is refused with words; nothing falls over, what is refused leaves nothing, and the database is whole at
 * the end.
 *
 * Each round is a seed; GARBAGE_SEED=n takes that one alone. */
#include "core_fixture.h"

enum { BUDGET_MS = 900, KEYS_MAX = 40, KEY_SIZE = 32, CALLS = 2, PATIENCE = 16 };

struct round {
    struct fixture *fixture;
    uint32_t seed, random;
    char person[40];
};

static uint32_t upto(struct round *round, uint32_t limit)
{
    round->random ^= round->random << 13;
    round->random ^= round->random >> 17;
    round->random ^= round->random << 5;
    return round->random % limit;
}

/* ---- values */

static json_t *odd_text(struct round *round)
{
    static const char *const TEXTS[] = {
        "",
        " ",
        "1",
        "P1",
        "Payment",
        "PRD",
        "commander",
        "duplicate",
        "started",
        "chat",
        "C1",
        "person",
        "ada@example.com",
        "Mitigated",
        "2026-11-23T12:00:00Z",
        "%s%n",
        "' OR 1=1 --",
        "{}",
        "\xf0\x9f\x94\xa5",
        "../../etc",
    };
    enum { COUNT = sizeof(TEXTS) / sizeof(TEXTS[0]) };
    uint32_t which = upto(round, COUNT + 4);
    char long_text[3000];
    if (which < COUNT)
        return json_string(TEXTS[which]);
    if (which == COUNT)
        return json_stringn_nocheck("bad \xff\xfe", 6);
    if (which == COUNT + 1)
        return json_stringn("a\0b", 3);
    if (which == COUNT + 2)
        return json_string(round->person);
    memset(long_text, 'x', sizeof(long_text));
    return json_stringn(long_text, sizeof(long_text));
}

static json_t *odd_number(struct round *round)
{
    static const json_int_t NUMBERS[] = { 0,  1,  2,  3,         -1,        10,
                                          40, 60, 61, INT32_MAX, INT64_MAX, INT64_MIN };
    enum { COUNT = sizeof(NUMBERS) / sizeof(NUMBERS[0]) };
    uint32_t which = upto(round, COUNT + 3);
    if (which < COUNT)
        return json_integer(NUMBERS[which]);
    return json_real(which == COUNT ? 1.5 : which == COUNT + 1 ? 1e300 : -0.0);
}

static json_t *odd_value(struct round *round, int depth);

static json_t *odd_list(struct round *round, int depth)
{
    json_t *list = json_array();
    for (uint32_t i = upto(round, 4); i > 0; i--)
        json_array_append_new(list, odd_value(round, depth - 1));
    return list;
}

static json_t *odd_object(struct round *round, int depth)
{
    static const char *const KEYS[] = {
        "commander", "started",     "business_impact", "person_id", "state", "name", "value",
        "platform",  "external_id", "scope",           "key",       "id",    ""
    };
    json_t *object = json_object();
    for (uint32_t i = upto(round, 4); i > 0; i--)
        json_object_set_new(object, KEYS[upto(round, sizeof(KEYS) / sizeof(KEYS[0]))],
                            odd_value(round, depth - 1));
    return object;
}

static json_t *odd_value(struct round *round, int depth)
{
    switch (upto(round, depth > 0 ? 9 : 6)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(upto(round, 2));
    case 2:
    case 3:
        return odd_number(round);
    case 4:
    case 5:
        return odd_text(round);
    case 6:
    case 7:
        return odd_object(round, depth);
    default:
        return odd_list(round, depth);
    }
}

/* What a name asks for, half of the time; so that what lies behind the first checks is met too. */
static json_t *value_for(struct round *round, const char *key)
{
    static const char *const SENSE[][2] = {
        { "title", "Card payments fail" },
        { "description", "d" },
        { "category", "Payment" },
        { "priority", "P1" },
        { "environment", "PRD" },
        { "kind", "postmortem" },
        { "state", "invited" },
        { "created_by_email", "a@b.test" },
        { "email", "a@b.test" },
        { "platform", "chat" },
        { "role", "commander" },
        { "cost_type", "Lost sales" },
    };
    if (upto(round, 2))
        return odd_value(round, 2);
    for (size_t i = 0; i < sizeof(SENSE) / sizeof(SENSE[0]); i++)
        if (strcmp(SENSE[i][0], key) == 0)
            return json_string(SENSE[i][1]);
    if (strcmp(key, "person_id") == 0)
        return json_string(round->person);
    return strcmp(key, "id") == 0 || strcmp(key, "incident_id") == 0 ? json_integer(1)
                                                                     : odd_value(round, 2);
}

/* ---- calls */

/* The names between the first braces of what an operation says of itself. */
static int keys_of(const struct op *op, char keys[KEYS_MAX][KEY_SIZE])
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz_";
    int count = 0;
    const char *end = strstr(op->about, "}:");
    const char *at = strchr(op->about, '{');
    for (end = end ? end : op->about + strlen(op->about); at && at < end && count < KEYS_MAX;) {
        at += strcspn(at, LETTERS);
        size_t len = strspn(at, LETTERS);
        if (len > 1 && len < KEY_SIZE && at < end)
            snprintf(keys[count++], KEY_SIZE, "%.*s", (int)len, at);
        at += len ? len : 1;
    }
    return count;
}

static json_t *odd_arguments(struct round *round, const struct op *op)
{
    char keys[KEYS_MAX][KEY_SIZE];
    int count = keys_of(op, keys);
    json_t *args = json_object();
    for (int i = 0; i < count; i++)
        if (upto(round, 3))
            json_object_set_new_nocheck(args, keys[i], value_for(round, keys[i]));
    return args;
}

static int64_t traces(struct fixture *fixture)
{
    return count(fixture,
                 "SELECT (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM event) * 1000000");
}

/* Takes back what was refused, or says something else there. False: nothing was named. */
static bool give_in(struct round *round, json_t *args)
{
    const struct err *err = &round->fixture->err;
    char key[KEY_SIZE];
    snprintf(key, sizeof(key), "%.*s", (int)strcspn(err->field, ".["), err->field);
    if (!*key)
        return false;
    if (strstr(err->msg, "unknown argument"))
        json_object_del(args, key);
    else
        json_object_set_new_nocheck(args, key, value_for(round, key));
    return true;
}

/* False when it was refused. */
static bool call_once(struct round *round, const struct op *op, json_t *args)
{
    const struct actor person = person_actor(round->person);
    char *told = json_dumps(args, JSON_COMPACT | JSON_ENCODE_ANY);
    int64_t before = traces(round->fixture);
    json_t *answer =
        run_json(round->fixture, upto(round, 4) ? NULL : &person, op->name, json_incref(args));
    struct err *err = &round->fixture->err;
    bool is_ours = err->code == ERR_BUG || err->code == ERR_DB || err->code == ERR_IO;
    if (!answer && (!err->msg[0] || is_ours || traces(round->fixture) != before))
        fail_msg("GARBAGE_SEED=%u: %s %s: %s (%s)", round->seed, op->name, told ? told : "?",
                 err->msg, err_name(err->code));
    free(told);
    json_decref(answer);
    return answer != NULL;
}

/* Argues until it is understood, or has no patience left. */
static void call(struct round *round, const struct op *op)
{
    json_t *args = odd_arguments(round, op);
    for (int i = 0; i < PATIENCE && !call_once(round, op, args); i++)
        if (!give_in(round, args))
            break;
    json_decref(args);
}

static void tell_problem(void *arg, const char *problem)
{
    const struct round *round = arg;
    fail_msg("GARBAGE_SEED=%u: %s", round->seed, problem);
}

static void play(struct fixture *fixture, uint32_t seed)
{
    struct round round = { .fixture = fixture, .seed = seed, .random = seed * 2654435761u + 1 };
    struct err err = { 0 };
    const struct op *op;
    add_person(fixture, "ada", round.person);
    run_quietly(
        fixture, "incident.declare",
        "{'title':'Card payments fail','description':'d','category':'Payment','priority':'P1',"
        "'environment':'PRD','created_by_email':'ada@example.com'}");
    for (int i = 0; (op = op_at(i)) != NULL; i++)
        for (int n = 0; n < CALLS; n++)
            call(&round, op);
    json_t *audit = run(fixture, "audit.verify", "{}");
    assert_true(bool_at(audit, "is_intact"));
    json_decref(audit);
    assert_int_equal(db_check(fixture->db, tell_problem, &round, &err), OK);
}

static void garbage_is_refused_with_words(void **state)
{
    const char *given = getenv("GARBAGE_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 1;
    int64_t begin_ms = clock_mono_ms();
    do {
        setup(state);
        print_message("round with GARBAGE_SEED=%u\n", seed);
        play(*state, seed++);
        teardown(state);
    } while (!given && clock_mono_ms() - begin_ms < BUDGET_MS);
}

/* Ids are texts or numbers; with others nothing is found, and nothing is lost (LeakSanitizer). */
static void an_object_is_no_id_of_an_imported_row(void **state)
{
    struct fixture *fixture = *state;
    json_t *answer = run(fixture, "import.rows",
                         "{'rows':[['category',{'id':{'a':1},'group_id':[1],'name':null}],"
                         "['role_type',{'id':{'a':1},'slug':'commander'}]]}");
    assert_int_equal(int_at(answer, "refused"), 2);
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM role_type WHERE slug = 'commander'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_is_refused_with_words),
        cmocka_unit_test_setup_teardown(an_object_is_no_id_of_an_imported_row, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
