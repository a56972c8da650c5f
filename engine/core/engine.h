/* engine - the one struct that ties the running parts together. Made by cli/serve.c, passed down,
 * never global. The pointers are to parts that live as long as the engine; a part that is not
 * running is NULL (the command line opens only what it needs). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct db;
struct http_server;
struct http_client;
struct websockets;
struct router;
struct jobs;
struct schedule;
struct limits;
struct generations;
struct jail;

struct engine {
    struct loop *loop;
    struct db *db;
    struct http_server *server;
    struct http_client *client;
    struct websockets *websockets;
    struct router *router;
    struct jobs *jobs;
    struct schedule *schedule;
    struct limits *limits;
    struct generations *generations; /* the Lua side; its current config is generations_config() */
    struct jail *jail;
    const char *root; /* folder that holds config.lua, scripts/, strategies/ */
    const char *config_path;
    char base_url[256]; /* no trailing slash */
    int64_t started_at_ms;
    bool is_ready; /* /readyz */
    bool is_stopping;
};
