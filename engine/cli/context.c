#include "cli/context.h"

#include "base/mem.h"
#include "base/tz.h"
#include "cli/output.h"
#include "cli/pidfile.h"
#include "core/lifecycle_config.h"
#include "lua/generation.h"
#include "store/db.h"

#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MIGRATION_MS = 3000, MIGRATION_POLL_MS = 50 };

/* ---- files ----------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
    return access(path, R_OK) == 0;
}

static bool has_scripts(const char *folder)
{
    AUTO_FREE char *scripts = xasprintf("%s/scripts", folder);
    struct stat st;
    return stat(scripts, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* Where our files were put: PREFIX/share/halligan for PREFIX/bin/halligan, or the checkout for a
 * binary in its build folder. NULL when there are none. Caller frees. */
static char *find_installed(void)
{
    char link[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", link, sizeof(link) - 1);
    if (len <= 0)
        return NULL;
    link[len] = '\0';
    AUTO_FREE char *binaries = folder_of(link);
    static const char *const PLACES[] = { "../share/halligan", "..", "../.." };
    for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
        AUTO_FREE char *place = xasprintf("%s/%s", binaries, PLACES[i]);
        if (!has_scripts(place))
            continue;
        char *real = realpath(place, NULL);
        if (real)
            return real;
    }
    return NULL;
}

static char *find_config(const char *given, const char *installed)
{
    if (given || exists("config.lua") || !installed)
        return xstrdup(given ? given : "config.lua");
    return xasprintf("%s/config.lua", installed);
}

static char *find_root(const char *given, const char *config_path, const char *installed)
{
    if (given)
        return xstrdup(given);
    char *folder = folder_of(config_path);
    if (has_scripts(folder) || !installed)
        return folder;
    free(folder);
    return xstrdup(installed);
}

int context_find_paths(const struct invocation *invocation, struct context_paths *paths)
{
    AUTO_FREE char *installed = find_installed();
    paths->config_path = find_config(invocation_text(invocation, "config"), installed);
    paths->root = find_root(invocation_text(invocation, "root"), paths->config_path, installed);
    return CLI_OK;
}

void context_paths_fini(struct context_paths *paths)
{
    free(paths->config_path);
    free(paths->root);
}

/* ---- the config's own keys ------------------------------------------------------------------- */

static int read_config(struct context *context)
{
    struct err err = { 0 };
    if (!exists(context->config_path))
        return cli_fail("there is no config %s (name one with --config FILE)",
                        context->config_path);
    if (generations_peek_config(context->root, context->config_path, &context->config, &err) != OK)
        return cli_fail("%s", err.msg);
    if (err.code != OK)
        cli_fail("%s", err.msg);
    const char *database = json_string_value(json_object_get(context->config, "database"));
    const char *zone = json_string_value(json_object_get(context->config, "time_zone"));
    context->database = xstrdup(database ? database : "var/halligan.db");
    context->tz = tz_load(zone ? zone : "UTC", NULL);
    if (!context->tz)
        context->tz = tz_load("UTC", NULL);
    return CLI_OK;
}

int context_init(struct context *context, const struct invocation *invocation)
{
    *context = (struct context){
        .actor = { .kind = ACTOR_OPERATOR, .source = "cli", .sees_private = true }
    };
    const struct passwd *user = getpwuid(geteuid());
    copy_text(context->actor.id, sizeof(context->actor.id), user ? user->pw_name : "");
    struct context_paths paths = { 0 };
    int rc = context_find_paths(invocation, &paths);
    context->config_path = paths.config_path;
    context->root = paths.root;
    return rc == CLI_OK ? read_config(context) : rc;
}

void context_fini(struct context *context)
{
    if (context->db)
        db_close(context->db);
    tz_free(context->tz);
    json_decref(context->config);
    free(context->config_path);
    free(context->root);
    free(context->database);
}

/* ---- database and engine --------------------------------------------------------------------- */

int context_has_database(const struct context *context)
{
    if (access(context->database, F_OK) == 0)
        return CLI_OK;
    return cli_fail("there is no database %s yet: start the engine with `halligan serve` first",
                    context->database);
}

/* An engine at work is given a while to bring the schema to its own version; one of another version never brings it to
 * ours. */
static int open_beside(const struct db_options *options, pid_t engine, struct db **db)
{
    const struct timespec pause = { .tv_nsec = MIGRATION_POLL_MS * 1000000L };
    struct err err = { 0 };
    int rc = db_open(options, db, &err);
    for (int waited_ms = 0; rc == ERR_CONFLICT && engine && waited_ms < MIGRATION_MS;
         waited_ms += MIGRATION_POLL_MS) {
        (void)nanosleep(&pause, NULL);
        rc = db_open(options, db, &err);
    }
    if (rc == OK)
        return CLI_OK;
    *db = NULL;
    if (!engine || rc != ERR_CONFLICT)
        return cli_fail("%s", err.msg);
    return cli_fail("the engine that runs (process %d) is of another version than this program, "
                    "restart it first: %s",
                    (int)engine, err.msg);
}

int context_open_db(struct context *context, bool may_make)
{
    struct err err = { 0 };
    pid_t engine = context_engine(context);
    const struct db_options options = { .path = context->database, .must_be_current = engine > 0 };
    if (!may_make && context_has_database(context) != CLI_OK)
        return CLI_FAILED;
    const char *base_url = json_string_value(json_object_get(context->config, "base_url"));
    op_set_base_url(base_url ? base_url : "");
    if (open_beside(&options, engine, &context->db) != CLI_OK)
        return CLI_FAILED;
    return lifecycle_config_use(context->db, &err) == OK ? CLI_OK : cli_fail("%s", err.msg);
}

int context_call(struct context *context, const char *op, json_t *args, json_t **answer)
{
    struct err err = { 0 };
    AUTO_BUF struct buf out = BUF_INIT;
    if (!context->db && context_open_db(context, false) != CLI_OK) {
        json_decref(args);
        return CLI_FAILED;
    }
    if (op_run_now(context->db, op, args, &context->actor, &out, &err) != OK)
        return cli_fail("%s", err.msg);
    if (op_find(op)->is_write)
        context_wake_engine(context);
    *answer = json_loadb(buf_text(&out), out.len, JSON_DECODE_ANY, NULL);
    return *answer ? CLI_OK : cli_fail("the answer of %s cannot be read", op);
}

json_t *context_person_id(struct context *context, const char *email)
{
    json_t *person = NULL;
    if (context_call(context, "person.get", json_pack("{s:s}", "email", email), &person) != CLI_OK)
        return NULL;
    json_t *id = json_incref(json_object_get(person, "id"));
    json_decref(person);
    return id;
}

int context_ask(const struct invocation *invocation, const char *op, json_t *args,
                context_print_fn print)
{
    struct context context = { 0 };
    json_t *answer = NULL;
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_call(&context, op, json_incref(args), &answer);
    if (rc == CLI_OK && invocation_flag(invocation, "json"))
        output_json(answer);
    else if (rc == CLI_OK)
        print(&context, answer);
    json_decref(args);
    json_decref(answer);
    context_fini(&context);
    return rc;
}

int context_ask_id(const struct invocation *invocation, const char *op, context_print_fn print)
{
    int64_t id;
    int rc = invocation_word_id(invocation, 0, &id);
    return rc == CLI_OK
               ? context_ask(invocation, op, json_pack("{s:I}", "id", (json_int_t)id), print)
               : rc;
}

pid_t context_engine(const struct context *context)
{
    return pidfile_find(context->database);
}

void context_wake_engine(const struct context *context)
{
    pid_t pid = context_engine(context);
    if (pid > 0)
        (void)kill(pid, SIGUSR1); /* the engine also looks by itself, once a second */
}

int context_fail_no_engine(const struct context *context)
{
    return cli_fail("no engine runs on %s: start one with `halligan serve`", context->database);
}
