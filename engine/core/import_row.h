/* import_row - a row of another system on its way into its table: which row of ours it is, and what
 * it refers to. */
#pragma once
#include <jansson.h>

#include "base/err.h"
#include "store/db.h"

enum { IMPORT_COLUMNS_MAX = 40, IMPORT_NAME_SIZE = 40, IMPORT_SETS_MAX = 2 };

/* What may be imported. <key>: the columns that tell rows apart; <natural>: others that do so in
 * the eyes of people, each a set of columns, of tables whose rows are known by "id". <same>: a row
 * that has the wanted number is the imported one when one of these sets is as in it. */
struct import_table {
    const char *name;
    const char *key;
    const char *natural[IMPORT_SETS_MAX];
    const char *same[IMPORT_SETS_MAX];
};

struct import_row {
    const struct import_table *table;
    json_t *values; /* borrowed */
    const char *columns[IMPORT_COLUMNS_MAX];
    int count;
};

/* A value to bind. Objects and lists are stored as their text, which *owned keeps for the caller
 * to free. */
struct db_value import_row_bind(json_t *value, char **owned);

/* The name that begins at *at, ending at a comma; moves *at behind it. False at the end. */
bool import_next_name(const char **at, char name[IMPORT_NAME_SIZE]);

/* DB_ROW when a row has the same <key>, DB_DONE when none has, or an error. */
int import_row_is_known(struct tx *tx, const struct import_row *row, struct err *err);

/* Sees to it that the row with the wanted id is the imported one, or free: what people would call
 * the same gets the imported id, with all that refers to it; somebody else who has the number gets
 * a new one. ERR_CONFLICT when that is an incident. */
int import_row_take_id(struct tx *tx, const struct import_row *row, struct err *err);

/* The references that the schema leaves unchecked. ERR_CONFLICT names the column in err->field. */
int import_row_check(struct tx *tx, const struct import_row *row, struct err *err);

/* Says in <err> which of the declared references leads nowhere. */
void import_row_name_missing(struct tx *tx, const struct import_row *row, struct err *err);
