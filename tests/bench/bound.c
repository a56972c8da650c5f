/* bound - what a request costs at least on this machine: bare C that does the job and nothing around it. Requests are
 * read by their head's length, GET is answered with a constant; POST is hashed as the chat vendor signs (the answer is
 * not compared), becomes a row with an event and an audit entry, and is answered when it is on disk. What is ready at
 * once is one transaction. A yardstick for tests/bench/run.py, not a server.
 *     bound PORT DATABASE */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, REQUEST_MOST = 16384 };

static const char SCHEMA[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "CREATE TABLE incident (id INTEGER PRIMARY KEY, title TEXT, status "
                             "INTEGER, priority INTEGER, created_by TEXT,"
                             " created_at INTEGER);"
                             "CREATE INDEX incident_by_status ON incident (status, created_at);"
                             "CREATE TABLE event (id INTEGER PRIMARY KEY, incident_id INTEGER, "
                             "kind TEXT, payload TEXT, at INTEGER);"
                             "CREATE INDEX event_by_incident ON event (incident_id);"
                             "CREATE TABLE audit (id INTEGER PRIMARY KEY, incident_id INTEGER, "
                             "actor TEXT, after TEXT, at INTEGER);";
static const char CONSTANT[] = "HTTP/1.1 200 OK\r\nContent-Type: "
                               "application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";

static sqlite3 *database;
static sqlite3_stmt *statements[5];

static void open_database(const char *path)
{
    static const char *const SQL[] = {
        "BEGIN IMMEDIATE",
        "COMMIT",
        "INSERT INTO incident (title, status, priority, created_by, created_at) VALUES (?, 10, 5, "
        "'U0001', 1)",
        "INSERT INTO event (incident_id, kind, payload, at) VALUES (?, 'incident.created', '{}', "
        "1)",
        "INSERT INTO audit (incident_id, actor, after, at) VALUES (?, 'U0001', '{}', 1)",
    };
    if (sqlite3_open(path, &database) || sqlite3_exec(database, SCHEMA, NULL, NULL, NULL))
        errx(1, "%s: %s", path, sqlite3_errmsg(database));
    for (int i = 0; i < 5; i++)
        if (sqlite3_prepare_v3(database, SQL[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i],
                               NULL))
            errx(1, "%s: %s", SQL[i], sqlite3_errmsg(database));
}

static void run(int i)
{
    if (sqlite3_step(statements[i]) != SQLITE_DONE)
        errx(1, "%s", sqlite3_errmsg(database));
    sqlite3_reset(statements[i]);
}

static void declare(const char *body, size_t len)
{
    unsigned char sum[32];
    HMAC(EVP_sha256(), "secret", 6, (const unsigned char *)body, len, sum, NULL);
    sqlite3_bind_text(statements[2], 1, body, (int)(len < 100 ? len : 100), SQLITE_STATIC);
    run(2);
    sqlite3_int64 id = sqlite3_last_insert_rowid(database);
    sqlite3_bind_int64(statements[3], 1, id);
    run(3);
    sqlite3_bind_int64(statements[4], 1, id);
    run(4);
}

static int listen_on(int port)
{
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 128))
        err(1, "port %d", port);
    return fd;
}

/* Reads a whole request; the body's length, -1 at the end of the connection. */
static long read_request(int fd, char *text, char **body)
{
    size_t have = 0;
    for (;;) {
        ssize_t got = recv(fd, text + have, REQUEST_MOST - have, 0);
        if (got <= 0)
            return -1;
        have += (size_t)got;
        text[have] = '\0';
        char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (!end)
            continue;
        *body = end + 4;
        long wanted = length && length < end ? atol(length + 16) : 0;
        if (have >= (size_t)(*body - text) + (size_t)wanted)
            return wanted;
    }
}

/* The requests that are ready: first all of the work, then all of the answers. */
static void serve(int epoll, int listener, struct epoll_event *events, int count)
{
    static char text[REQUEST_MOST + 1];
    int answers[EVENTS], answered = 0, is_open = 0;
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        char *body;
        if (fd == listener) {
            struct epoll_event event = { .events = EPOLLIN,
                                         .data.fd = accept(listener, NULL, NULL) };
            epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
            continue;
        }
        long len = read_request(fd, text, &body);
        if (len < 0) {
            close(fd);
            continue;
        }
        if (*text == 'P' && !is_open++)
            run(0);
        if (*text == 'P')
            declare(body, (size_t)len);
        answers[answered++] = fd;
    }
    if (is_open)
        run(1);
    for (int i = 0; i < answered; i++)
        send(answers[i], CONSTANT, sizeof(CONSTANT) - 1, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        errx(2, "usage: bound PORT DATABASE");
    open_database(argv[2]);
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0), listener = listen_on(atoi(argv[1]));
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;)
        serve(epoll, listener, events, epoll_wait(epoll, events, EVENTS, -1));
}
