#include "net/tls_trust.h"

#include <curl/curl.h>
#include <stdlib.h>

void tls_trust_apply(void *easy)
{
    const char *file = getenv("SSL_CERT_FILE");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (file && *file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, file);
}
