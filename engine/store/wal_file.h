/* wal_file - the write-ahead log as its writer sees it. SQLite writes a frame in two pieces, and a commit of ours has
 * some dozens; here they are put together, and go to the file in one write when SQLite wants them on disk.
 * Only for connections with synchronous = FULL: there each commit is followed by a sync before anybody is told of it,
 * which is when others begin to look at its frames. What was written for a transaction that is then rolled back is
 * forgotten: other processes may write at the same place next. Private to store/. */
#pragma once
#include <sqlite3.h>

/* The name of the VFS for sqlite3_open_v2(); it is the default VFS in all but the log. SQLite must be initialised. */
const char *wal_file_vfs(void);
/* For each connection that was opened with it, before its first transaction. */
void wal_file_watch(sqlite3 *handle);
