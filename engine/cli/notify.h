/* notify - tells the service manager how we are, in its datagram protocol; silent without one. */
#pragma once
#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." */
void notify_send(const char *state);
/* How often the service manager wants to hear "WATCHDOG=1"; 0: not at all. */
int64_t notify_watchdog_ms(void);
