/* tls_trust - which certificates outgoing connections believe, the same for every client of the engine. */
#pragma once

/* <easy> is a CURL handle: peers and host names are verified, against the system's certificates or against the file
 * that the environment variable SSL_CERT_FILE names (a company's own authority). */
void tls_trust_apply(void *easy);
