#include "lua/config_lines.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { DEEPEST = 64, PATH_MOST = 512 };

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    const char *at; /* a string: its content, escapes as written */
    size_t len;
    int line;
};

struct scanner {
    const char *at, *end;
    int line;
    struct token token; /* the current one */
    struct map *map;
};

struct config_lines {
    struct map *map; /* path -> line, as a pointer-sized number */
};

/* ---- tokens */

/* The level of a long bracket at <at> ("[[": 0, "[==[": 2), -1 when there is none. */
static int long_bracket(const char *at, const char *end)
{
    const char *c = at + 1;
    while (c < end && *c == '=')
        c++;
    return *at == '[' && c < end && *c == '[' ? (int)(c - at - 1) : -1;
}

static void skip_long(struct scanner *scanner, int level)
{
    const char *c = scanner->at + level + 2;
    scanner->token.at = c;
    for (; c < scanner->end; c++) {
        if (*c == '\n')
            scanner->line++;
        if (*c != ']' || scanner->end - c < level + 2 || c[level + 1] != ']')
            continue;
        int equals = 0;
        while (equals < level && c[equals + 1] == '=')
            equals++;
        if (equals == level)
            break;
    }
    scanner->token.len = (size_t)(c - scanner->token.at);
    scanner->at = c < scanner->end ? c + level + 2 : scanner->end;
}

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->at < scanner->end) {
        const char *c = scanner->at;
        if (*c == '\n')
            scanner->line++;
        if (isspace((unsigned char)*c)) {
            scanner->at++;
        } else if (*c == '-' && c + 1 < scanner->end && c[1] == '-') {
            scanner->at += 2;
            int level = scanner->at < scanner->end ? long_bracket(scanner->at, scanner->end) : -1;
            if (level >= 0)
                skip_long(scanner, level);
            else
                while (scanner->at < scanner->end && *scanner->at != '\n')
                    scanner->at++;
        } else {
            return;
        }
    }
}

static void read_quoted(struct scanner *scanner)
{
    char quote = *scanner->at++;
    scanner->token.at = scanner->at;
    while (scanner->at < scanner->end && *scanner->at != quote && *scanner->at != '\n')
        scanner->at += *scanner->at == '\\' && scanner->at + 1 < scanner->end ? 2 : 1;
    scanner->token.len = (size_t)(scanner->at - scanner->token.at);
    if (scanner->at < scanner->end)
        scanner->at++;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void next_token(struct scanner *scanner)
{
    skip_blanks(scanner);
    scanner->token = (struct token){ TOKEN_END, scanner->at, 0, scanner->line };
    if (scanner->at >= scanner->end)
        return;
    char c = *scanner->at;
    int level = c == '[' ? long_bracket(scanner->at, scanner->end) : -1;
    if (c == '"' || c == '\'' || level >= 0) {
        scanner->token.kind = TOKEN_STRING;
        if (level >= 0)
            skip_long(scanner, level);
        else
            read_quoted(scanner);
        return;
    }
    scanner->token.kind = isdigit((unsigned char)c) ? TOKEN_NUMBER
                          : is_word(c)              ? TOKEN_NAME
                                                    : TOKEN_SIGN;
    do
        scanner->at++;
    while (scanner->token.kind != TOKEN_SIGN && scanner->at < scanner->end &&
           is_word(*scanner->at));
    scanner->token.len = (size_t)(scanner->at - scanner->token.at);
}

static bool is_sign(const struct token *token, char sign)
{
    return token->kind == TOKEN_SIGN && *token->at == sign;
}

static bool is_name(const struct token *token, const char *name)
{
    return token->kind == TOKEN_NAME && token->len == strlen(name) &&
           memcmp(token->at, name, token->len) == 0;
}

/* ---- table constructors */

static void remember(struct scanner *scanner, const struct buf *path, int line)
{
    map_put(scanner->map, buf_text(path), (void *)(intptr_t)line);
}

/* Appends the key as the validator writes paths: .name, [3] or ["any text"]. */
static void append_key(struct buf *path, const struct token *key)
{
    bool is_plain = key->len > 0 && !isdigit((unsigned char)key->at[0]);
    for (size_t i = 0; i < key->len; i++)
        is_plain = is_plain && is_word(key->at[i]);
    if (key->kind == TOKEN_NUMBER)
        buf_printf(path, "[%.*s]", (int)key->len, key->at);
    else if (is_plain)
        buf_printf(path, "%s%.*s", path->len > 0 ? "." : "", (int)key->len, key->at);
    else
        buf_printf(path, "[\"%.*s\"]", (int)key->len, key->at);
}

static void read_table(struct scanner *scanner, struct buf *path, int depth);

/* Skips an expression up to the "," ";" or "}" that ends it; goes into tables that are all of a
 * value. */
static void read_value(struct scanner *scanner, struct buf *path, int depth)
{
    if (is_sign(&scanner->token, '{') && depth < DEEPEST) {
        read_table(scanner, path, depth + 1);
        return;
    }
    int open = 0;
    while (scanner->token.kind != TOKEN_END) {
        const struct token *token = &scanner->token;
        bool ends = is_sign(token, ',') || is_sign(token, ';') || is_sign(token, '}');
        if (ends && open == 0)
            return;
        if (is_sign(token, '{') || is_sign(token, '(') || is_sign(token, '[') ||
            is_name(token, "function"))
            open++;
        if (is_sign(token, '}') || is_sign(token, ')') || is_sign(token, ']') ||
            is_name(token, "end"))
            open--;
        next_token(scanner);
    }
}

/* Reads "name =" or "[key] =" when the field begins with it. */
static bool read_key(struct scanner *scanner, struct token *key)
{
    struct scanner start = *scanner;
    bool is_bracketed = is_sign(&scanner->token, '[');
    if (is_bracketed)
        next_token(scanner);
    *key = scanner->token;
    bool is_key = key->kind == TOKEN_NAME ||
                  (is_bracketed && (key->kind == TOKEN_STRING || key->kind == TOKEN_NUMBER));
    if (is_key)
        next_token(scanner);
    if (is_key && is_bracketed && is_sign(&scanner->token, ']'))
        next_token(scanner);
    if (is_key && is_sign(&scanner->token, '=') && *scanner->at != '=') {
        next_token(scanner);
        return true;
    }
    *scanner = start;
    return false;
}

static void read_table(struct scanner *scanner, struct buf *path, int depth)
{
    size_t path_len = path->len;
    int position = 0;
    next_token(scanner); /* the brace */
    while (scanner->token.kind != TOKEN_END && !is_sign(&scanner->token, '}')) {
        struct token key;
        int line = scanner->token.line;
        if (read_key(scanner, &key))
            append_key(path, &key);
        else
            buf_printf(path, "[%d]", ++position);
        if (path->len < PATH_MOST)
            remember(scanner, path, line);
        read_value(scanner, path, depth);
        path->len = path_len;
        if (path->data)
            path->data[path_len] = '\0';
        if (!is_sign(&scanner->token, '}'))
            next_token(scanner);
    }
    next_token(scanner);
}

struct config_lines *config_lines_new(const char *text, size_t len)
{
    AUTO_BUF struct buf path = BUF_INIT;
    struct config_lines *lines = xcalloc(1, sizeof(*lines));
    lines->map = map_new(NULL);
    struct scanner scanner = { .at = text, .end = text + len, .line = 1, .map = lines->map };
    for (next_token(&scanner); scanner.token.kind != TOKEN_END; next_token(&scanner)) {
        if (!is_name(&scanner.token, "return"))
            continue;
        next_token(&scanner);
        if (is_sign(&scanner.token, '{'))
            read_table(&scanner, &path, 0);
    }
    return lines;
}

void config_lines_free(struct config_lines *lines)
{
    if (!lines)
        return;
    map_free(lines->map);
    free(lines);
}

int config_lines_find(const struct config_lines *lines, const char *path)
{
    AUTO_FREE char *part = xstrdup(path);
    while (part[0]) {
        void *line = map_get(lines->map, part);
        if (line)
            return (int)(intptr_t)line;
        char *dot = strrchr(part, '.');
        char *bracket = strrchr(part, '[');
        char *cut = !dot || (bracket && bracket > dot) ? bracket : dot;
        if (!cut)
            break;
        *cut = '\0';
    }
    return 1;
}
