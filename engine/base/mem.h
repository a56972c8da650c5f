/* mem - allocation. The x* functions abort when memory is out and are for small, fixed sizes; anything whose
 * size comes from outside uses try_* and answers ERR_NOMEM. Also the checks that stay on in release builds. */
#pragma once
#include <stddef.h>
#include <stdlib.h>

/* Never NULL, also for a size of 0; free() them. xstrndup stops at a NUL within <len>. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
/* <from>, cut to fit; <to> always ends with a NUL. NULL is the empty text. */
void copy_text(char *to, size_t size, const char *from);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How malloc() works for us. Once, before there are threads. */
void mem_configure(void);
/* Gives freed memory back to the system; some milliseconds at most. Any thread. */
void mem_give_back(void);

/* NULL when memory is out, or when the fault point "mem.try" says so. */
void *try_malloc(size_t size);
void *try_realloc(void *ptr, size_t size);

/* Under AddressSanitizer free lists stand aside: every piece is malloc()'s own, and a wrong use of it is found. */
#if defined(__SANITIZE_ADDRESS__)
enum { MEM_IS_CHECKED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { MEM_IS_CHECKED = 1 };
#else
enum { MEM_IS_CHECKED = 0 };
#endif
#else
enum { MEM_IS_CHECKED = 0 };
#endif

/* Always on: an engine bug ends the process. */
#define REQUIRE(cond) ((cond) ? (void)0 : require_failed(#cond, __FILE__, __LINE__))
_Noreturn void require_failed(const char *what, const char *file, int line);

/* True (and logged) when <cond> is false: `if (CHECK_FAIL(x)) return ERR_BUG;`. */
#define CHECK_FAIL(cond) (!(cond) && check_failed(#cond, __FILE__, __LINE__))
int check_failed(const char *what, const char *file, int line);

/* A plain heap buffer that is freed when it goes out of scope. */
#define AUTO_FREE __attribute__((cleanup(mem_auto_free)))
static inline void mem_auto_free(void *ptr)
{
    free(*(void **)ptr);
}
