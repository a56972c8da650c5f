/* commands - the tables of commands, one a file of the same name, each closed by an entry without a
 * name. A new one is declared here and added to command.c. */
#pragma once
#include "cli/command.h"

extern const struct command AUDIT_COMMANDS[];
extern const struct command BACKUP_COMMANDS[];
extern const struct command CHECK_COMMANDS[];
extern const struct command DOCS_COMMANDS[];
extern const struct command HELP_COMMANDS[];
extern const struct command IMPORT_COMMANDS[];
extern const struct command INCIDENT_COMMANDS[];
extern const struct command INCIDENT_CHANGE_COMMANDS[];
extern const struct command INCIDENT_FACTS_COMMANDS[];
extern const struct command INCIDENT_OPEN_COMMANDS[];
extern const struct command JOB_COMMANDS[];
extern const struct command KEY_COMMANDS[];
extern const struct command MANIFEST_COMMANDS[];
extern const struct command RELOAD_COMMANDS[];
extern const struct command SANDBOX_COMMANDS[];
extern const struct command SERVE_COMMANDS[];
extern const struct command STRATEGY_COMMANDS[];
extern const struct command TASK_COMMANDS[];
extern const struct command TEST_COMMANDS[];
extern const struct command VERIFY_COMMANDS[];
extern const struct command WEBHOOK_COMMANDS[];
