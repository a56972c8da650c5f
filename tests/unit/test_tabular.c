/* tabular: JSON rows as CSV and TSV, with the columns that are asked for. */
#include "unit.h"

#include "api/tabular.h"

#include <string.h>

static const char ROWS[] =
    "[{\"id\":2,\"title\":\"Shop, "
    "\\\"down\\\"\\nagain\",\"priority\":{\"name\":\"P1\"},\"tags\":[\"a\",\"b\"],"
    "\"metrics\":{\"ttd\":{\"s\":60.0},\"ttf\":{\"s\":1.5}},\"closed\":null,\"ignore\":true},"
    "{\"id\":1,\"title\":\"tab\\there\",\"priority\":{\"name\":\"P2\"},\"tags\":[],\"metrics\":{},"
    "\"closed\":null,"
    "\"ignore\":false,\"costs\":{\"Lost sales\":{\"amount\":\"10.00\"}}}]";

static void assert_table(const char *rows, struct tabular_options options, const char *wanted)
{
    struct tabular *table = tabular_new(&options);
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err = { 0 };
    if (tabular_needs_learning(table))
        assert_int_equal(tabular_learn(table, rows, strlen(rows), &err), OK);
    tabular_begin(table, &out);
    assert_int_equal(tabular_rows(table, rows, strlen(rows), &out, &err), OK);
    assert_string_equal(buf_text(&out), wanted);
    tabular_free(table);
}

static void asked_columns_come_in_their_order(void **state)
{
    (void)state;
    assert_table(
        ROWS,
        (struct tabular_options){ .separator = ',', .fields = "priority.name,id,nothing,tags.1" },
        "priority.name,id,nothing,tags.1\r\nP1,2,,b\r\nP2,1,,\r\n");
}

static void cells_are_quoted_where_need_be(void **state)
{
    (void)state;
    assert_table(
        ROWS, (struct tabular_options){ .separator = ',', .fields = "title,ignore,closed" },
        "title,ignore,closed\r\n\"Shop, \"\"down\"\"\nagain\",True,\r\ntab\there,False,\r\n");
    assert_table(ROWS, (struct tabular_options){ .separator = '\t', .fields = "id,title" },
                 "id\ttitle\r\n2\t\"Shop, \"\"down\"\"\nagain\"\r\n1\t\"tab\there\"\r\n");
}

static void wildcards_become_what_was_found(void **state)
{
    (void)state;
    assert_table(
        ROWS,
        (struct tabular_options){ .separator = ',',
                                  .fields = "id,metrics.*.s,roles.*.email,costs.*.amount" },
        "id,metrics.ttd.s,metrics.ttf.s,costs.Lost sales.amount\r\n2,60.0,1.5,\r\n1,,,10.00\r\n");
}

static void all_columns_are_sorted(void **state)
{
    (void)state;
    static const char WANTED[] = "a,b.0,b.1\r\n1,2,3\r\n";
    static const char ROW[] = "[{\"b\":[2,3],\"a\":1}]";
    assert_table(ROW, (struct tabular_options){ .separator = ',', .fields = "__all__" }, WANTED);
    assert_table(ROW, (struct tabular_options){ .separator = ',' }, WANTED);
    assert_table("{\"b\":[2,3],\"a\":1}", (struct tabular_options){ .separator = ',' }, WANTED);
}

static void no_rows_give_the_header_that_was_asked_for(void **state)
{
    (void)state;
    assert_table("[]", (struct tabular_options){ .separator = ',', .fields = "id,metrics.*.s" },
                 "id,metrics.*.s\r\n");
    assert_table("[]", (struct tabular_options){ .separator = ',', .fields = "__all__" }, "");
    assert_table("[]",
                 (struct tabular_options){ .separator = ',', .fields = "id", .hides_header = true },
                 "");
    assert_table(ROWS,
                 (struct tabular_options){ .separator = ',', .fields = "id", .hides_header = true },
                 "2\r\n1\r\n");
}

static void what_is_no_row_is_an_error(void **state)
{
    (void)state;
    static const char *const BAD[] = { "[1]", "7", "[{\"a\":1}", "{\"a\":}", "", "[[]]" };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct tabular *table = tabular_new(&(struct tabular_options){ .separator = ',' });
        AUTO_BUF struct buf out = BUF_INIT;
        struct err err = { 0 };
        assert_int_equal(tabular_rows(table, BAD[i], strlen(BAD[i]), &out, &err), ERR_SYNTAX);
        tabular_free(table);
    }
}

static void deep_and_long_paths_do_no_harm(void **state)
{
    (void)state;
    AUTO_BUF struct buf rows = BUF_INIT;
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err = { 0 };
    for (int i = 0; i < 60; i++)
        buf_puts(&rows, "{\"a name that is somewhat longer than the others\":");
    buf_putc(&rows, '1');
    for (int i = 0; i < 60; i++)
        buf_putc(&rows, '}');
    struct tabular *table = tabular_new(&(struct tabular_options){ .separator = ',' });
    assert_int_equal(tabular_learn(table, buf_text(&rows), rows.len, &err), OK);
    tabular_begin(table, &out);
    assert_int_equal(tabular_rows(table, buf_text(&rows), rows.len, &out, &err), OK);
    assert_true(out.len < 2000);
    tabular_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_columns_come_in_their_order),
        cmocka_unit_test(cells_are_quoted_where_need_be),
        cmocka_unit_test(wildcards_become_what_was_found),
        cmocka_unit_test(all_columns_are_sorted),
        cmocka_unit_test(no_rows_give_the_header_that_was_asked_for),
        cmocka_unit_test(what_is_no_row_is_an_error),
        cmocka_unit_test(deep_and_long_paths_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
