#include "store/scratch.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int scratch_init(struct scratch *scratch, const char *name, struct err *err)
{
    const char *base = getenv("TMPDIR");
    AUTO_FREE char *folder =
        xasprintf("%s/halligan-%s-XXXXXX", base && *base ? base : "/tmp", name);
    *scratch = (struct scratch){ 0 };
    if (!mkdtemp(folder))
        return err_set(err, ERR_IO, "cannot make a folder %s: %s", folder, strerror(errno));
    scratch->path = xasprintf("%s/%s.db", folder, name);
    scratch->folder = xstrdup(folder);
    return OK;
}

void scratch_fini(struct scratch *scratch)
{
    static const char *const SUFFIXES[] = { "", "-wal", "-shm", "-journal" };
    if (!scratch->folder)
        return;
    for (size_t i = 0; i < sizeof(SUFFIXES) / sizeof(SUFFIXES[0]); i++) {
        AUTO_FREE char *path = xasprintf("%s%s", scratch->path, SUFFIXES[i]);
        (void)unlink(path);
    }
    (void)rmdir(scratch->folder);
    free(scratch->folder);
    free(scratch->path);
    *scratch = (struct scratch){ 0 };
}
