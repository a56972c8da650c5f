/* jail_frame - messages between the engine and the jail: a length and as much JSON, over a socket pair. Blocking. */
#pragma once
#include <jansson.h>

#include "base/err.h"

/* ERR_LIMIT for what is too large, ERR_CLOSED when the other side is gone. */
int jail_frame_write(int fd, const json_t *message, struct err *err);
/* A new reference in *message. <deadline_mono_ms> 0: waits for ever; else ERR_TIMEOUT when the whole frame is not there by then. ERR_CLOSED
 * when the other side is gone, ERR_SYNTAX for nonsense. */
int jail_frame_read(int fd, int64_t deadline_mono_ms, json_t **message, struct err *err);
