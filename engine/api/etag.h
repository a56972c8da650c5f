/* etag - which state of a resource an answer shows, so that clients who have it already are told just that (RFC 9110,
 * 8.8.3 and 13.1.2). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { ETAG_SIZE = 24 };

/* A tag in quotes of the answer's bytes: the same after a restart. */
void etag_of(const char *body, size_t len, char out[ETAG_SIZE]);
/* Does an If-None-Match or If-Match header (NULL: none) name <etag>, or everything? Weak tags count as
 * their strong ones. */
bool etag_matches(const char *header, const char *etag);
