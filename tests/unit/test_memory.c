/* memory: SQLite's pieces, small and large, keep what is in them, on whichever thread they are given back. */
#include "unit.h"

#include "store/memory.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 2000, LARGEST = 5000 };

static const struct sqlite3_mem_methods *memory;

static int set_up(void **state)
{
    (void)state;
    memory = memory_methods();
    return memory->xInit(NULL) != SQLITE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    memory->xShutdown(NULL);
    return 0;
}

static unsigned char *take(int size, int mark)
{
    unsigned char *data = memory->xMalloc(size);
    assert_non_null(data);
    assert_int_equal((uintptr_t)data % 8, 0);
    assert_true(memory->xSize(data) >= size);
    memset(data, mark, (size_t)memory->xSize(data));
    return data;
}

static void assert_marked(const unsigned char *data, int size, int mark)
{
    for (int i = 0; i < size; i++)
        assert_int_equal(data[i], mark);
}

static void what_is_in_use_is_nobody_elses(void **state)
{
    (void)state;
    static unsigned char *data[MANY];
    static int size[MANY];
    srandom(7);
    for (int round = 0; round < 20 * MANY; round++) {
        int i = (int)(random() % MANY);
        if (data[i])
            assert_marked(data[i], size[i], i & 255);
        memory->xFree(data[i]);
        size[i] = 1 + (int)(random() % LARGEST);
        data[i] = take(size[i], i & 255);
    }
    for (int i = 0; i < MANY; i++) {
        if (data[i])
            assert_marked(data[i], size[i], i & 255);
        memory->xFree(data[i]);
    }
}

static void a_piece_that_grows_or_shrinks_keeps_its_bytes(void **state)
{
    (void)state;
    static const int SIZES[] = { 1, 8, 9, 500, 1016, 1080, 1081, 4096, 70000, 4096, 1080, 24, 1 };
    unsigned char *data = take(1, 'x');
    int before = 1;
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        data = memory->xRealloc(data, SIZES[i]);
        assert_non_null(data);
        assert_marked(data, before < SIZES[i] ? before : SIZES[i], 'x');
        memset(data, 'x', (size_t)memory->xSize(data));
        before = SIZES[i];
    }
    memory->xFree(data);
}

static void a_size_that_was_rounded_up_fits(void **state)
{
    (void)state;
    for (int size = 1; size < 3000; size++) {
        int rounded = memory->xRoundup(size);
        assert_true(rounded >= size);
        void *data = memory->xMalloc(rounded);
        assert_int_equal(memory->xSize(data), rounded);
        memory->xFree(data);
    }
    memory->xFree(NULL);
    assert_int_equal(memory->xSize(NULL), 0);
}

static void *give_back(void *arg)
{
    unsigned char **data = arg;
    for (int i = 0; i < 100; i++) {
        assert_marked(data[i], 40, 'a');
        memory->xFree(data[i]);
        data[i] = take(40, 'b');
    }
    return NULL;
}

static void pieces_go_from_thread_to_thread(void **state)
{
    (void)state;
    unsigned char *data[100];
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        for (int i = 0; i < 100; i++)
            data[i] = take(40, 'a');
        assert_int_equal(pthread_create(&thread, NULL, give_back, data), 0);
        pthread_join(thread, NULL);
        for (int i = 0; i < 100; i++) {
            assert_marked(data[i], 40, 'b');
            memory->xFree(data[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_use_is_nobody_elses),
        cmocka_unit_test(a_piece_that_grows_or_shrinks_keeps_its_bytes),
        cmocka_unit_test(a_size_that_was_rounded_up_fits),
        cmocka_unit_test(pieces_go_from_thread_to_thread),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
