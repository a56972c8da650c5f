/* docs - prints what the kernel can do: every operation with its arguments and its answer. */
#include "cli/commands.h"
#include "core/op.h"

#include <stdio.h>

static int run_docs(const struct invocation *invocation)
{
    const struct op *op;
    (void)invocation;
    puts("| operation | changes | arguments and answer |\n|---|---|---|");
    for (int i = 0; (op = op_at(i)); i++)
        printf("| `%s` | %s | %s |\n", op->name, op->is_write ? "yes" : "no", op->about);
    return CLI_OK;
}

const struct command DOCS_COMMANDS[] = {
    { .name = "docs", .about = "Prints the table of the kernel's operations", .run = run_docs },
    { 0 },
};
