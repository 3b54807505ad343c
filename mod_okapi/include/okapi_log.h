/* okapi_log.h - the numbers of our messages in httpd's error log.
 *
 * Written as the first literal of the format: OKLOGNO(00101) "the sentence". Numbers are never
 * reused; mod_okapi has 00001 to 00999, mod_mapi 01000 to 01999, mod_gateway 02000 to
 * 02999. docs/admin/messages.md is generated from the sources by build-aux/gen-messages.pl.
 */
#ifndef OKAPI_LOG_H
#define OKAPI_LOG_H

#define OKLOGNO(n) "OK" #n ": "

#endif
