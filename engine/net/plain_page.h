/* plain_page - a page that stands by itself, for people who get an error before any script could answer them. */
#pragma once
#include <stdbool.h>

struct http_exchange;

/* Whether whoever asks reads pages: a browser says so, programs do not. */
bool plain_page_is_wanted(const struct http_exchange *exchange);

/* Answers with a heading and a sentence, which must be our own words: nothing is escaped. Copies both. */
void plain_page_reply(struct http_exchange *exchange, int status, const char *heading,
                      const char *sentence);
