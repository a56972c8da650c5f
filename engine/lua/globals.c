#include "lua/globals.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdint.h>
#include <string.h>

/* The form that `string.dump` writes: a header, then functions within functions. See ldump.c and
 * lopcodes.h of Lua 5.4. */
enum {
    OP_GETTABUP = 11, /* A B C: R[A] := UpValue[B][K[C]] */
    OP_SETTABUP = 15, /* A B C: UpValue[A][K[B]] := RK(C) */
    ABSOLUTE_LINE = -0x80,
    DEEPEST = 200,
};

struct reader {
    const uint8_t *at, *end;
    bool is_broken;
    globals_fn fn;
    void *arg;
};

struct constant {
    const char *text; /* NULL: no text */
    size_t len;
};

/* What is needed of one function; the arrays are borrowed from the dump but <constants>. */
struct prototype {
    int line_defined;
    const uint8_t *code;
    size_t code_count;
    struct constant *constants;
    size_t constant_count;
    const int8_t *lines;
    size_t line_count;
    const uint8_t *absolute; /* as written; read again when needed */
    size_t absolute_count;
    int environment; /* which upvalue is _ENV; -1: none */
};

/* ---- pieces */

static const uint8_t *take(struct reader *reader, size_t len)
{
    if (reader->is_broken || (size_t)(reader->end - reader->at) < len) {
        reader->is_broken = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += len;
    return at;
}

static int take_byte(struct reader *reader)
{
    const uint8_t *byte = take(reader, 1);
    return byte ? *byte : 0;
}

/* Seven bits a byte, the highest first; the last byte has its high bit set. */
static size_t take_size(struct reader *reader)
{
    size_t size = 0;
    for (int i = 0; i < 9 && !reader->is_broken; i++) {
        int byte = take_byte(reader);
        size = size << 7 | (size_t)(byte & 0x7f);
        if (byte & 0x80)
            return size;
    }
    reader->is_broken = true;
    return 0;
}

static struct constant take_text(struct reader *reader)
{
    size_t size = take_size(reader);
    if (size == 0)
        return (struct constant){ NULL, 0 };
    return (struct constant){ (const char *)take(reader, size - 1), size - 1 };
}

static bool take_header(struct reader *reader)
{
    static const uint8_t HEADER[] = { 0x1b, 'L',  'u',  'a',  0x54, 0, 0x19, 0x93,
                                      '\r', '\n', 0x1a, '\n', 4,    8, 8 };
    const uint8_t *header = take(reader, sizeof(HEADER));
    take(reader, 2 * 8); /* one integer and one number, to tell byte orders apart */
    return !reader->is_broken && memcmp(header, HEADER, sizeof(HEADER)) == 0;
}

static void take_constants(struct reader *reader, struct prototype *prototype)
{
    enum {
        NIL = 0x00,
        NO = 0x01,
        YES = 0x11,
        INTEGER = 0x03,
        NUMBER = 0x13,
        SHORT = 0x04,
        LONG = 0x14
    };
    prototype->constant_count = take_size(reader);
    if (prototype->constant_count > (size_t)(reader->end - reader->at))
        reader->is_broken = true;
    if (reader->is_broken)
        return;
    prototype->constants = xcalloc(prototype->constant_count + 1, sizeof(*prototype->constants));
    for (size_t i = 0; i < prototype->constant_count && !reader->is_broken; i++) {
        int type = take_byte(reader);
        if (type == SHORT || type == LONG)
            prototype->constants[i] = take_text(reader);
        else if (type == INTEGER || type == NUMBER)
            take(reader, 8);
        else if (type != NIL && type != NO && type != YES)
            reader->is_broken = true;
    }
}

/* ---- lines */

static void take_lines(struct reader *reader, struct prototype *prototype)
{
    prototype->line_count = take_size(reader);
    prototype->lines = (const int8_t *)take(reader, prototype->line_count);
    prototype->absolute_count = take_size(reader);
    prototype->absolute = reader->at;
    for (size_t i = 0; i < prototype->absolute_count && !reader->is_broken; i++) {
        take_size(reader);
        take_size(reader);
    }
}

static int absolute_line(const struct reader *reader, const struct prototype *prototype, size_t pc)
{
    struct reader again = { .at = prototype->absolute, .end = reader->end };
    for (size_t i = 0; i < prototype->absolute_count; i++) {
        size_t at = take_size(&again);
        int line = (int)take_size(&again);
        if (at == pc)
            return line;
    }
    return prototype->line_defined;
}

/* ---- functions */

static void tell(struct reader *reader, const struct prototype *prototype, size_t constant,
                 int line, bool is_set)
{
    if (constant < prototype->constant_count && prototype->constants[constant].text) {
        AUTO_BUF struct buf name = BUF_INIT;
        buf_append(&name, prototype->constants[constant].text, prototype->constants[constant].len);
        reader->fn(reader->arg, buf_text(&name), line, is_set);
    }
}

static void look_at_code(struct reader *reader, const struct prototype *prototype)
{
    int line = prototype->line_defined;
    for (size_t pc = 0; pc < prototype->code_count && pc < prototype->line_count; pc++) {
        uint32_t word;
        memcpy(&word, prototype->code + pc * 4, sizeof(word));
        int a = word >> 7 & 0xff, b = word >> 16 & 0xff, c = word >> 24 & 0xff;
        if (prototype->lines[pc] == ABSOLUTE_LINE)
            line = absolute_line(reader, prototype, pc);
        else
            line += prototype->lines[pc];
        if ((word & 0x7f) == OP_GETTABUP && b == prototype->environment)
            tell(reader, prototype, (size_t)c, line, false);
        else if ((word & 0x7f) == OP_SETTABUP && a == prototype->environment)
            tell(reader, prototype, (size_t)b, line, true);
    }
}

static void take_names(struct reader *reader, struct prototype *prototype)
{
    size_t locals = take_size(reader);
    for (size_t i = 0; i < locals && !reader->is_broken; i++) {
        take_text(reader);
        take_size(reader);
        take_size(reader);
    }
    size_t upvalues = take_size(reader);
    for (size_t i = 0; i < upvalues && !reader->is_broken; i++) {
        struct constant name = take_text(reader);
        if (name.text && name.len == 4 && memcmp(name.text, "_ENV", 4) == 0)
            prototype->environment = (int)i;
    }
}

static void take_function(struct reader *reader, int depth)
{
    struct prototype prototype = { .environment = -1 };
    if (depth > DEEPEST) {
        reader->is_broken = true;
        return;
    }
    take_text(reader); /* source */
    prototype.line_defined = (int)take_size(reader);
    take_size(reader); /* last line */
    take(reader, 3);   /* parameters, vararg, stack */
    prototype.code_count = take_size(reader);
    prototype.code = take(reader, prototype.code_count * 4);
    take_constants(reader, &prototype);
    take(reader, take_size(reader) * 3); /* upvalues */
    size_t children = take_size(reader);
    for (size_t i = 0; i < children && !reader->is_broken; i++)
        take_function(reader, depth + 1);
    take_lines(reader, &prototype);
    take_names(reader, &prototype);
    if (!reader->is_broken)
        look_at_code(reader, &prototype);
    free(prototype.constants);
}

static int append_dump(lua_State *L, const void *data, size_t len, void *arg)
{
    (void)L;
    buf_append(arg, data, len);
    return 0;
}

bool globals_each(lua_State *L, globals_fn fn, void *arg)
{
    AUTO_BUF struct buf dump = BUF_INIT;
    if (lua_dump(L, append_dump, &dump, 0) != 0)
        return false;
    struct reader reader = { .at = (const uint8_t *)dump.data, .fn = fn, .arg = arg };
    reader.end = reader.at + dump.len;
    if (!take_header(&reader))
        return false;
    take_byte(&reader); /* upvalues of the main function */
    take_function(&reader, 0);
    return !reader.is_broken;
}
