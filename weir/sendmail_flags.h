/* sendmail_flags.h - the command line of sendmail(1). */
#ifndef WEIR_SENDMAIL_FLAGS_H
#define WEIR_SENDMAIL_FLAGS_H

#include <stdbool.h>

#include "weir/options.h"

/* What it is to do, by the letter of -b; or: */
enum {
	SENDMAIL_FLAGS_ENQUEUE = 'm',
	SENDMAIL_FLAGS_SMTP = 's',
	SENDMAIL_FLAGS_DAEMON = 'd',
	SENDMAIL_FLAGS_LIST = 'p',
	SENDMAIL_FLAGS_ALIASES = 'i',
	SENDMAIL_FLAGS_NOTHING = 'h', /* host status; -q with a time */
	SENDMAIL_FLAGS_FLUSH = 'F',
	SENDMAIL_FLAGS_FLUSH_ID = 'I',
	SENDMAIL_FLAGS_FLUSH_SITE = 'R',
};

/* Texts are those of the command line; NULL: not given. */
struct sendmail_flags {
	int mode;
	const char *dir;       /* -C */
	const char *sender;    /* -f, -r */
	const char *full_name; /* -F */
	const char *envid;     /* -V, sound */
	const char *verp;      /* -XV: two characters, or "" */
	const char *notify;    /* -N, sound */
	const char *ret;       /* -R: FULL or HDRS */
	const char *body;      /* -B: 8BITMIME or 7BIT */
	const char *aliases;   /* -oA */
	const char *target;    /* of -qI and -qR */
	bool from_headers;     /* -t */
	bool no_dot;           /* -i, -oi */
	bool gateway;          /* -G */
	bool verify;           /* -bv */
	bool report;           /* -v, once */
	int verbosity;         /* how often -v was there */
	char **operands;       /* ended by NULL */
};

/* sendmail_flags_parse(argc, argv, flags): read them; what Postfix does not
 * take ends the program, as there. */
void sendmail_flags_parse(int argc, char **argv, struct sendmail_flags *flags);

#endif
