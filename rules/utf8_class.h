/* utf8_class.h - whose mail asks for SMTPUTF8 by itself, if it needs it. */
#ifndef RULES_UTF8_CLASS_H
#define RULES_UTF8_CLASS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct conf;
struct err;

/* Where mail comes from, as bits. */
enum utf8_class {
	UTF8_CLASS_BOUNCE = 1,
	UTF8_CLASS_FORWARD = 2,
	UTF8_CLASS_NOTIFY = 4,
	UTF8_CLASS_SENDMAIL = 8,
	UTF8_CLASS_SMTPD = 16,
	UTF8_CLASS_VERIFY = 32,
};

/* utf8_class_read(conf, arena, err): the classes of
 * smtputf8_autodetect_classes; none without smtputf8_enable.  A name that
 * Postfix does not know is left out, and ${err} set. */
unsigned
utf8_class_read(struct conf *conf, struct arena *arena, struct err *err);

/* utf8_class_wants(text, n): has ${text} octets above 127? */
bool utf8_class_wants(const char *text, size_t n);

#endif
