/* The filter refuses with EPERM whatever is not on the list. The list is what SQLite (reading),
 * malloc, Lua and the sanitizers call; opening is allowed for reading only (time zones), writing
 * only to the engine and to standard error. */
#include "lua/jail_confine.h"

#include "lua/jail_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const int ALLOWED[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(readlink),
    SCMP_SYS(poll),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrusage),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

static int allow_plain(scmp_filter_ctx filter)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof(ALLOWED) / sizeof(ALLOWED[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, ALLOWED[i], 0);
    return rc;
}

static int allow_writing(scmp_filter_ctx filter)
{
    static const int FDS[] = { STDERR_FILENO, JAIL_FD };
    int rc = 0;
    for (size_t i = 0; i < sizeof(FDS) / sizeof(FDS[0]) && rc == 0; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)FDS[i], 0));
        if (rc == 0)
            rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(writev), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)FDS[i], 0));
    }
    return rc;
}

static int allow_reading_files(scmp_filter_ctx filter)
{
    enum { CHANGES = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND };
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, CHANGES, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, CHANGES, 0));
    return rc;
}

/* SQLite's locks, and questions. */
static int allow_locks(scmp_filter_ctx filter)
{
    static const int COMMANDS[] = { F_GETLK, F_SETLK, F_SETLKW, F_GETFD, F_SETFD, F_GETFL };
    int rc = 0;
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)COMMANDS[i], 0));
    return rc;
}

/* Memory, but none that is made executable; limits may be asked for, not set; and it may abort. */
static int allow_with_conditions(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                              SCMP_A2(SCMP_CMP_EQ, 0, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return rc;
}

static int filter_calls(struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = filter ? allow_plain(filter) : -ENOMEM;
    if (rc == 0)
        rc = allow_writing(filter);
    if (rc == 0)
        rc = allow_reading_files(filter);
    if (rc == 0)
        rc = allow_locks(filter);
    if (rc == 0)
        rc = allow_with_conditions(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    return rc == 0 ? OK
                   : err_set(err, ERR_UNAVAILABLE, "this system does not filter system calls (%s)",
                             strerror(-rc));
}

static void limit(int resource, rlim_t most)
{
    const struct rlimit both = { most, most };
    (void)setrlimit((__rlimit_resource_t)resource, &both);
}

int jail_confine(size_t memory_bytes, struct err *err)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, 0);
    if (memory_bytes > 0)
        limit(RLIMIT_AS, memory_bytes);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set(err, ERR_UNAVAILABLE, "no_new_privs: %s", strerror(errno));
    int rc = filter_calls(err);
    if (rc == OK)
        return OK;
    /* The next best: no byte into any file, and no new file or socket. */
    (void)signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 0);
    return rc;
}
