/* command - the table of commands, and what a command is given: its words and its options, read
 * and checked. A command is one entry of a table in a file of its own; the help text is made
 * from it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 }; /* exit codes */

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_INT };

struct option_spec {
    const char *name; /* "incident" for --incident */
    enum option_kind kind;
    const char *value; /* "ID" in the help; NULL for flags */
    const char *about; /* one line */
    bool is_required;
};

extern const struct option_spec OPTIONS_JSON[]; /* of commands that take --json and no other */

struct invocation;

struct command {
    const char *name;  /* "backup", "job list" */
    const char *words; /* "FILE"; NULL: takes none */
    const char *about; /* one line */
    const char
        *help; /* explanation and examples, ends with a newline; NULL: the line says it all */
    const struct option_spec
        *options; /* closed by one without a name; NULL: only those of every command */
    int least_words, most_words;
    int (*run)(const struct invocation *invocation); /* answers an exit code */
};

/* Runs the command line. Answers the exit code. */
int command_main(int argc, char **argv);

/* All commands in the order of the help; NULL past the end. */
const struct command *command_at(int index);
/* The title of the section of the help that begins with this command; NULL: it goes on. */
const char *command_section(const struct command *command);
/* NULL when unknown. */
const struct command *command_find(const char *name);
/* Says that there is no such command, and which one was probably meant. <second> is the word behind,
 * or NULL. Answers CLI_USAGE. */
int command_fail_unknown(const char *first, const char *second);

/* ---- for commands ---------------------------------------------------------------------------- */

/* Borrowed; NULL past the last. */
const char *invocation_word(const struct invocation *invocation, int index);
int invocation_word_count(const struct invocation *invocation);
/* Reads a word as a positive number. CLI_USAGE (and it is said) when it is none. */
int invocation_word_id(const struct invocation *invocation, int index, int64_t *id);
/* The option's value, borrowed; NULL when not given. <name> must be an option of the command. */
const char *invocation_text(const struct invocation *invocation, const char *name);
bool invocation_flag(const struct invocation *invocation, const char *name);
/* The option's number, <otherwise> when not given. */
int64_t invocation_int(const struct invocation *invocation, const char *name, int64_t otherwise);

/* "halligan: ..." to standard error. Answers CLI_FAILED, so that `return cli_fail(...)` reads
 * well. */
int cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same with a hint to the command's help; answers CLI_USAGE. */
int cli_usage(const struct invocation *invocation, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
