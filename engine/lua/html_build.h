/* html_build - the buffer that HTML is built in, and the nodes that it is built from: what engine.html
 * (lua_html.c) and its templates (html_template.c) share. Escapes; decides nothing about elements. */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Upvalues of each function. */
enum { UPVALUE_BUILDER = 1, UPVALUE_NODE, UPVALUE_OPEN, UPVALUES = UPVALUE_OPEN };

/* How the place of a hole is marked in the text of an open node: '\0', what it takes, its name, '\0'.
 * No escaped text has a NUL. */
enum hole_kind { HOLE_NODE = 'n', HOLE_ATTRIBUTE = 'a', HOLE_ADDRESS = 'u' };

struct builder {
    struct buf out;
    bool is_open;     /* there are holes in it */
    const void *node; /* the metatable of nodes: tables whose [1] is finished HTML */
    const void *open; /* the metatable of nodes with holes */
};

/* Pushes a new builder, which knows the metatables of nodes and of open nodes, the two on top. */
void html_push_builder(lua_State *L);

/* The function's builder, with nothing in it. */
struct builder *html_begin(lua_State *L);

/* throws. Pushes what was built, as a text. */
void html_push_built(lua_State *L, struct builder *builder);

/* throws. Pops the text on top and pushes it as a node, which is open when <is_open>. */
int html_push_node(lua_State *L, bool is_open);

/* Is the value at <index> a node, open or not? */
bool html_is_node(lua_State *L, const struct builder *builder, int index);

/* The marker of the hole at <index>, borrowed from it, or NULL: it is none. */
const char *html_hole(lua_State *L, const struct builder *builder, int index);

/* Adds the escaped text of the string or number at <index>. */
void html_add_text(lua_State *L, struct builder *builder, int index);

/* throws. Adds the node at <index>, an absolute one: nil and false are nothing, texts are escaped,
 * lists are their nodes. */
void html_add_node(lua_State *L, struct builder *builder, int index);

/* Compared without regard to case. <list> is of small letters and ends with NULL. */
bool html_is_one_of(const char *word, const char *const *list);

/* Is <name> an attribute whose value is an address to go to? */
bool html_takes_address(const char *name);

/* throws for an address that would run as a script, in the attribute <name>. */
void html_check_address(lua_State *L, const char *name, const char *value);

/* html.template (html_template.c) */
int html_template(lua_State *L);
