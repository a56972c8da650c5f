#include "lua/unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "lua/config.h"
#include "lua/lua_util.h"
#include "lua/report.h"
#include "lua/snapshot.h"
#include "lua/state.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* ---- paths */

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool unit_kind_of(const char *path, enum generations_mode mode, enum unit_kind *kind,
                  bool *is_misplaced)
{
    static const struct {
        const char *folder;
        enum unit_kind kind;
    } FOLDERS[] = {
        { "strategies/integrations/", UNIT_INTEGRATION },
        { "strategies/schedules/", UNIT_SCHEDULE },
        { "strategies/tags/", UNIT_TAG },
        { "strategies/invites/", UNIT_INVITE },
        { "scripts/pages/", UNIT_PAGE },
    };
    static const char SANDBOX[] = "scripts/sandbox/";
    *is_misplaced = false;
    if (mode == GENERATIONS_SANDBOX) {
        *kind = UNIT_INTEGRATION;
        return begins_with(path, SANDBOX) && !strchr(path + strlen(SANDBOX), '/');
    }
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        if (begins_with(path, FOLDERS[i].folder)) {
            *kind = FOLDERS[i].kind;
            return true;
        }
    }
    *is_misplaced = begins_with(path, "strategies/");
    return false;
}

static char *without_ending(const char *path)
{
    return xstrndup(path, strlen(path) - strlen(".lua"));
}

char *unit_id(const char *path)
{
    return without_ending(strchr(path, '/') + 1);
}

char *unit_name(const char *path)
{
    return without_ending(strrchr(path, '/') + 1);
}

/* The line where <word> is set as a field ("word =", "M.word", "function M.word"); 1 when it is not
 * found. */
static int line_of(const struct snapshot_file *file, const char *word)
{
    size_t len = strlen(word);
    int line = 1;
    for (const char *c = file->text; *c; c++) {
        if (*c == '\n')
            line++;
        bool begins = c == file->text || !(isalnum((unsigned char)c[-1]) || c[-1] == '_');
        if (!begins || strncmp(c, word, len) != 0)
            continue;
        const char *after = c + len + strspn(c + len, " \t\"']");
        bool is_set =
            (*after == '=' && after[1] != '=') || (c > file->text && c[-1] == '.' && *after == '(');
        if (is_set)
            return line;
    }
    return 1;
}

char *unit_place(const struct unit_call *call, const char *field)
{
    return xasprintf("%s:%d", call->unit->file->path, line_of(call->unit->file, field));
}

void unit_complain(const struct unit_call *call, const char *field, const char *fmt, ...)
{
    AUTO_BUF struct buf text = BUF_INIT;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    report_add(call->report, "%s:%d: %s", call->unit->file->path, line_of(call->unit->file, field),
               buf_text(&text));
}

/* ---- fields */

static const struct unit_field *find_field(const struct unit_field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static const char *suggestion(const char *name, const struct unit_field *fields)
{
    const char *names[24];
    int count = 0;
    for (; fields->name && count < 23; fields++)
        names[count++] = fields->name;
    names[count] = NULL;
    return lua_util_suggest(name, names);
}

static void append_types(lua_State *L, struct buf *out, unsigned types)
{
    for (int type = 0; type < LUA_NUMTYPES; type++)
        if (types & 1u << type)
            buf_printf(out, "%s%s", out->len > 0 ? " or " : "", lua_typename(L, type));
}

/* The key and value of one field are on top. */
static bool check_field(const struct unit_call *call, lua_State *L, const char *path,
                        const struct unit_field *fields)
{
    if (lua_type(L, -2) != LUA_TSTRING) {
        unit_complain(call, "", "%sfields have names, this one is a %s", path,
                      luaL_typename(L, -2));
        return false;
    }
    const char *name = lua_tostring(L, -2);
    const struct unit_field *field = find_field(fields, name);
    if (!field) {
        const char *meant = suggestion(name, fields);
        unit_complain(call, name, "unknown field `%s%s`%s%s%s", path, name,
                      meant ? " (did you mean `" : "", meant ? meant : "", meant ? "`?)" : "");
        return false;
    }
    if (!(field->types & 1u << lua_type(L, -1))) {
        AUTO_BUF struct buf expected = BUF_INIT;
        append_types(L, &expected, field->types);
        unit_complain(call, name, "field `%s%s`: expected %s, got %s", path, name,
                      buf_text(&expected), luaL_typename(L, -1));
        return false;
    }
    return true;
}

bool unit_check_fields(const struct unit_call *call, lua_State *L, int index, const char *path,
                       const struct unit_field *fields)
{
    bool is_good = true;
    index = lua_absindex(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        is_good = check_field(call, L, path, fields) && is_good;
        lua_pop(L, 1);
    }
    for (; fields->name; fields++) {
        if (!fields->is_required)
            continue;
        if (lua_getfield(L, index, fields->name) == LUA_TNIL) {
            unit_complain(call, "", "field `%s%s` is missing", path, fields->name);
            is_good = false;
        }
        lua_pop(L, 1);
    }
    return is_good;
}

static const struct unit_field *fields_of(enum unit_kind kind)
{
    static const struct unit_field INTEGRATION[] = {
        { "about", UNIT_T(STRING), true },
        { "order", UNIT_T(NUMBER), false },
        { "enabled", UNIT_T(FUNCTION), false },
        { "config", UNIT_T(TABLE), false },
        { "on", UNIT_T(TABLE), false },
        { "touching", UNIT_T(TABLE), false },
        { "routes", UNIT_T(TABLE), false },
        { "tasks", UNIT_T(TABLE), false },
        { "jobs", UNIT_T(TABLE), false },
        { "on_ready", UNIT_T(FUNCTION), false },
        { "reference", UNIT_T(FUNCTION), false },
        { "manifest", UNIT_T(FUNCTION), false },
        { "check_online", UNIT_T(FUNCTION), false },
        { "services", UNIT_T(TABLE), false },
        { 0 },
    };
    static const struct unit_field PAGE[] = { { "about", UNIT_T(STRING), true },
                                              { "routes", UNIT_T(TABLE), true },
                                              { 0 } };
    static const struct unit_field SCHEDULE[] = {
        { "about", UNIT_T(STRING), true },
        { "task", UNIT_T(STRING), true },
        { "every", UNIT_T(STRING) | UNIT_T(NUMBER), false },
        { "cron", UNIT_T(STRING), false },
        { "time_zone", UNIT_T(STRING), false },
        { "catch_up", UNIT_T(STRING), false },
        { "enabled", UNIT_T(FUNCTION), false },
        { "args", UNIT_T(TABLE), false },
        { 0 },
    };
    static const struct unit_field TAG[] = {
        { "about", UNIT_T(STRING), true },
        { "tag", UNIT_T(STRING), true },
        { "applies_to", UNIT_T(STRING), true },
        { "unique", UNIT_T(BOOLEAN), false },
        { 0 },
    };
    static const struct unit_field INVITE[] = {
        { "about", UNIT_T(STRING), true },
        { "private", UNIT_T(BOOLEAN), false },
        { "applies", UNIT_T(FUNCTION), false },
        { "invite", UNIT_T(FUNCTION), true },
        { 0 },
    };
    static const struct unit_field *const BY_KIND[] = { INTEGRATION, PAGE, SCHEDULE, TAG, INVITE };
    return BY_KIND[kind];
}

int unit_load(lua_State *L)
{
    const struct unit_call *call = lua_touserdata(L, 1);
    const struct snapshot_file *file = call->unit->file;
    state_load_text(L, file->path, file->text, file->len);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1)) {
        report_add(call->report, "%s:1: returns %s; a file here returns its table", file->path,
                   luaL_typename(L, -1));
        return 0;
    }
    if (unit_check_fields(call, L, lua_gettop(L), "", fields_of(call->unit->kind)))
        call->unit->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int unit_add_config_fields(lua_State *L)
{
    const struct unit_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->unit->ref);
    if (lua_getfield(L, -1, "config") == LUA_TTABLE)
        config_add_fields(L, call->unit->file->path);
    return 0;
}
