/* wal_file - the write-ahead log as its writer sees it. SQLite writes a frame in two pieces, and a commit of ours has
 * some dozens; here they are put together, and go to the file in one write when SQLite wants them on disk.
 * Only for connections with synchronous = FULL: there each commit is followed by a sync before anybody is told of it,
 * which is when others begin to look at its frames. Private to store/. */
#pragma once

/* The name of the VFS for sqlite3_open_v2(); it is the default VFS in all but the log. SQLite must be initialised. */
const char *wal_file_vfs(void);
