#include "lua/jail_lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

/* Everything that reaches out of the process or changes the disk. Denied with EPERM, so that a library that tries can go on. */
static const int DENIED[] = {
    SCMP_SYS(socket),   SCMP_SYS(connect),   SCMP_SYS(bind),     SCMP_SYS(listen),      SCMP_SYS(accept),    SCMP_SYS(accept4),
    SCMP_SYS(sendto),   SCMP_SYS(sendmsg),   SCMP_SYS(execve),   SCMP_SYS(execveat),    SCMP_SYS(fork),      SCMP_SYS(vfork),
    SCMP_SYS(clone),    SCMP_SYS(clone3),    SCMP_SYS(ptrace),   SCMP_SYS(kill),        SCMP_SYS(tkill),     SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename),    SCMP_SYS(renameat), SCMP_SYS(renameat2),   SCMP_SYS(mkdir),     SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),    SCMP_SYS(link),      SCMP_SYS(linkat),   SCMP_SYS(symlink),     SCMP_SYS(symlinkat), SCMP_SYS(chmod),
    SCMP_SYS(fchmod),   SCMP_SYS(fchmodat),  SCMP_SYS(chown),    SCMP_SYS(fchown),      SCMP_SYS(fchownat),  SCMP_SYS(truncate),
    SCMP_SYS(creat),    SCMP_SYS(openat2),   SCMP_SYS(mount),    SCMP_SYS(io_uring_setup), SCMP_SYS(process_vm_writev),
    SCMP_SYS(memfd_create), SCMP_SYS(mknod), SCMP_SYS(mknodat),  SCMP_SYS(setxattr),    SCMP_SYS(utimensat),
};

static int limit(int resource, rlim_t value)
{
    const struct rlimit both = { .rlim_cur = value, .rlim_max = value };
    return setrlimit(resource, &both);
}

/* Opening for anything but reading is denied. */
static int deny_writing(scmp_filter_ctx filter)
{
    static const unsigned FLAGS[] = { O_WRONLY, O_RDWR };
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, FLAGS[i]));
        if (rc == 0)
            rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, FLAGS[i]));
    }
    return rc;
}

static int load_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int rc = filter ? 0 : -ENOMEM;
    for (size_t i = 0; i < sizeof(DENIED) / sizeof(DENIED[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), DENIED[i], 0);
    if (rc == 0)
        rc = deny_writing(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    return rc;
}

int jail_lockdown(size_t memory_bytes, struct err *err)
{
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_NOFILE, 32) != 0)
        return err_set(err, ERR_UNAVAILABLE, "the jail cannot be limited (errno %d)", errno);
    if (!HAS_SANITIZER && limit(RLIMIT_AS, memory_bytes) != 0)
        return err_set(err, ERR_UNAVAILABLE, "the jail's memory cannot be limited (errno %d)", errno);
    int rc = load_filter();
    return rc == 0 ? OK : err_set(err, ERR_UNAVAILABLE, "the jail's system calls cannot be limited (errno %d)", -rc);
}
