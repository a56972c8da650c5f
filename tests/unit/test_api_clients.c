/* What programs written for other engines of this API send and expect: times in the zone of the config, long lists of
 * ids, every way to name a format. */
#include "api_fixture.h"

static void set_zone(struct fixture *fixture, const char *zone)
{
    api_set_options(fixture->api, &(struct api_options){ .time_zone = zone });
}

static void test_times_are_those_of_the_config(void **state)
{
    static const struct {
        const char *query, *wanted;
    } CASES[] = {
        { "created_at=2026-11-24", "[{" }, /* the incident is of 2026-11-23 at 23:30 UTC */
        { "created_at=2026-11-23", "[]" },
        { "created_at__gte=2026-11-24", "[{" },
        { "created_at__lt=2026-11-24", "[]" },
        { "created_at__gte=2026-11-23T23:31:00Z", "[]" },
        { "created_at__gte=2026-11-24T00:30:00", "[{" },
    };
    struct fixture *fixture = *state;
    char path[128];
    set_zone(fixture, "Europe/Paris");
    clock_set_ms(NOW_MS + INT64_C(41400000));
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 201, "\"created_at\":\"2026-11-24T00:30:00.123000+01:00\",");
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        snprintf(path, sizeof(path), API "incidents/?%s", CASES[i].query);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, CASES[i].wanted);
    }
    get(fixture, API "priorities/p1/", fixture->reader);
    expect(fixture, 200, "\"created_at\":\"2026-11-23T13:00:00.123000+01:00\"");
    get(fixture, API "incidents/1/updates/", fixture->reader);
    expect(fixture, 200, "\"created_at\":\"2026-11-24T00:30:00.123000+01:00\"");
    set_zone(fixture, "Asia/Kolkata"); /* as after a reload: nothing kept from before is shown */
    get(fixture, API "incidents/1/", fixture->reader);
    expect(fixture, 200, "\"created_at\":\"2026-11-24T05:00:00.123000+05:30\",");
    assert_null(strstr(fixture->answer, "+01:00"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_times_are_those_of_the_config, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
