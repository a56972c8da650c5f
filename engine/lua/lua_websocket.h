/* lua_websocket - the script's side of a WebSocket connection, for the binding and for routes that are
 * upgraded. */
#pragma once
#include <lua.h>

struct websocket;

/* throws. Pushes an object without a connection: it is made first, so that nothing unowned is held
 * while memory is asked for. */
void lua_websocket_new(lua_State *L);
/* Gives the new object at <index> its connection, whose reference it owns from here on. */
void lua_websocket_set(lua_State *L, int index, struct websocket *websocket);
