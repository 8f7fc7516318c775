/* esmtp.h - the parameters of MAIL and RCPT (RFC 1870, 3461). */
#ifndef PROXY_ESMTP_H
#define PROXY_ESMTP_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* esmtp_xtext(arena, text): ${text} decoded, or NULL: not xtext. */
char *esmtp_xtext(struct arena *arena, const char *text);

enum esmtp_size { ESMTP_SIZE_OK, ESMTP_SIZE_SYNTAX, ESMTP_SIZE_OVERFLOW };
/* esmtp_size(text, size): the number of SIZE=. */
enum esmtp_size esmtp_size(const char *text, int64_t *size);

/* esmtp_notify(text): NOTIFY= as ENVELOPE_NOTIFY_ bits; 0: bad syntax (also
 * NEVER beside others, or one twice). */
unsigned esmtp_notify(const char *text);

/* esmtp_ret(text): 'F', 'H' or 0: bad. */
char esmtp_ret(const char *text);

/* esmtp_envid(arena, text), esmtp_orcpt(arena, text): the value is sound: its
 * decoded form has only printable characters, so that it cannot break out of
 * what it is written to. */
bool esmtp_envid(struct arena *arena, const char *text);
bool esmtp_orcpt(struct arena *arena, const char *text);

#endif
