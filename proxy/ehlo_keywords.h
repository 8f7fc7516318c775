/* ehlo_keywords.h - the words of EHLO that may be taken away
 * (smtpd_discard_ehlo_keywords). */
#ifndef PROXY_EHLO_KEYWORDS_H
#define PROXY_EHLO_KEYWORDS_H

struct arena;
struct err;

/* ehlo_keywords_parse(text, arena, err): the bits (enum smtp_service_keyword)
 * of what is listed; what is not known is said in ${err} and left out. */
unsigned
ehlo_keywords_parse(const char *text, struct arena *arena, struct err *err);

/* ehlo_keywords_print(bits, arena): the words, as they are logged. */
const char *ehlo_keywords_print(unsigned bits, struct arena *arena)
    __attribute__((returns_nonnull));

#endif
