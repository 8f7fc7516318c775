/* sendmail_say.h - what sendmail(1) says when something is wrong. */
#ifndef WEIR_SENDMAIL_SAY_H
#define WEIR_SENDMAIL_SAY_H

/* sendmail_say_fatal(format, ...): and exit with EX_TEMPFAIL, which is
 * Postfix's answer to all that it cannot do. */
_Noreturn void sendmail_say_fatal(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* sendmail_say_refused(format, ...): and exit with EX_UNAVAILABLE: it makes no
 * sense to try again. */
_Noreturn void sendmail_say_refused(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

void sendmail_say_warning(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
