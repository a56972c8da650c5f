/* lua_modules - the open functions of all bindings, one file each: engine.X is lua_X.c. Each pushes
 * its module table. */
#pragma once
#include <lua.h>

/* Listed in lua_api.c with the kinds of scripts that may use them. */
int luaopen_engine_http(lua_State *L);
int luaopen_engine_json(lua_State *L);
int luaopen_engine_kernel(lua_State *L);
int luaopen_engine_incidents(lua_State *L);
int luaopen_engine_people(lua_State *L);
int luaopen_engine_conversations(lua_State *L);
int luaopen_engine_costs(lua_State *L);
int luaopen_engine_custom_fields(lua_State *L);
int luaopen_engine_updates(lua_State *L);
int luaopen_engine_usergroups(lua_State *L);
int luaopen_engine_invitations(lua_State *L);
int luaopen_engine_messages(lua_State *L);
int luaopen_engine_reference(lua_State *L);
int luaopen_engine_jobs(lua_State *L);
int luaopen_engine_events(lua_State *L);
int luaopen_engine_store(lua_State *L);
int luaopen_engine_invites(lua_State *L);
int luaopen_engine_limits(lua_State *L);
int luaopen_engine_log(lua_State *L);
int luaopen_engine_time(lua_State *L);
int luaopen_engine_crypto(lua_State *L);
int luaopen_engine_html(lua_State *L);
int luaopen_engine_url(lua_State *L);
int luaopen_engine_text(lua_State *L);
int luaopen_engine_task(lua_State *L);
int luaopen_engine_config(lua_State *L);
int luaopen_engine_info(lua_State *L);
int luaopen_engine_websocket(lua_State *L);
int luaopen_engine_schedule(lua_State *L);
