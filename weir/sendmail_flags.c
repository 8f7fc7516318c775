/* sendmail_flags.c - see sendmail_flags.h.  What each letter does, and says, is
 * what it does in Postfix. */
#include "weir/sendmail_flags.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "proxy/esmtp.h"
#include "weir/sendmail_say.h"

/* RFC 3461, 4.4. */
enum { MOST_ENVID = 100 };

static const char letters[] = "A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:q:r:tvx";

static void
set_mode(struct sendmail_flags *f, char letter)
{
	switch (letter) {
	case 'H':
	case 'h':
		f->mode = SENDMAIL_FLAGS_NOTHING;
		break;
	case 'l':
		f->mode = SENDMAIL_FLAGS_DAEMON;
		break;
	case 'd':
	case 'i':
	case 'm':
	case 'p':
	case 's':
		f->mode = (unsigned char)letter;
		break;
	case 'v':
		f->verify = true;
		break;
	default:
		sendmail_say_fatal("unsupported: -b%c", letter);
	}
}

static void
set_queue(struct sendmail_flags *f, const char *value)
{
	/* An interval, which is for queue_run_delay to say. */
	if (isdigit((unsigned char)value[0])) {
		if (f->mode != SENDMAIL_FLAGS_DAEMON)
			f->mode = SENDMAIL_FLAGS_NOTHING;
		return;
	}
	if (value[0] != 'I' && value[0] != 'R')
		sendmail_say_fatal("-q%c is not implemented", value[0]);
	if (value[1] == '\0')
		sendmail_say_fatal("specify: -q%c%s", value[0],
		    value[0] == 'I' ? "queueid" : "sitename");
	f->mode = (unsigned char)value[0];
	f->target = value + 1;
}

/* Which word is the bad one, if it is a word. */
static void
warn_notify(const char *value)
{
	static const char *const words[] = { "never", "success", "failure",
		"delay" };
	const char *p = value;

	while (*p != '\0') {
		size_t n = strcspn(p, ", \t"), i = 0;

		while (i < 4 &&
		    (strlen(words[i]) != n || strncasecmp(p, words[i], n) != 0))
			i++;
		if (i == 4 && n > 0)
			break;
		p += n;
		p += strspn(p, ", \t");
	}
	if (*p != '\0')
		sendmail_say_warning(
		    "unknown DSN NOTIFY command value \"%.*s\" in \"%s\"",
		    (int)strcspn(p, ", \t"), p, value);
	sendmail_say_warning("bad -N option value -- ignored");
}

static void
set_notify(struct sendmail_flags *f, const char *value)
{
	if (esmtp_notify(value) != 0)
		f->notify = value;
	else
		warn_notify(value);
}

static void
set_ret(struct sendmail_flags *f, const char *value)
{
	if (strcasecmp(value, "full") == 0)
		f->ret = "FULL";
	else if (strcasecmp(value, "hdrs") == 0)
		f->ret = "HDRS";
	else
		sendmail_say_warning("bad -R option value -- ignored");
}

static void
set_envid(struct sendmail_flags *f, const char *value)
{
	if (strlen(value) > MOST_ENVID) {
		sendmail_say_warning("too long -V option value -- ignored");
		return;
	}
	for (const char *p = value; *p != '\0'; p++)
		if (!isprint((unsigned char)*p)) {
			sendmail_say_warning(
			    "bad syntax in -V option value -- ignored");
			return;
		}
	f->envid = value;
}

static void
set_body(struct sendmail_flags *f, const char *value)
{
	if (strcasecmp(value, "8BITMIME") == 0)
		f->body = "8BITMIME";
	else if (strcasecmp(value, "7BIT") == 0)
		f->body = "7BIT";
	else
		sendmail_say_fatal("-B option needs 8BITMIME or 7BIT");
}

/* -o: settings of Sendmail's, of which two mean something. */
static void
set_setting(struct sendmail_flags *f, const char *value)
{
	if (value[0] == 'i')
		f->no_dot = true;
	else if (value[0] == 'A' && value[1] == '\0')
		sendmail_say_fatal("-oA requires pathname");
	else if (value[0] == 'A')
		f->aliases = value + 1;
}

/* The letters that have a value. */
static void
set_value(struct sendmail_flags *f, char letter, const char *value)
{
	switch (letter) {
	case 'B':
		set_body(f, value);
		break;
	case 'C':
		f->dir = value;
		break;
	case 'F':
		f->full_name = value;
		break;
	case 'N':
		set_notify(f, value);
		break;
	case 'R':
		set_ret(f, value);
		break;
	case 'V':
		set_envid(f, value);
		break;
	case 'X':
		if (value[0] != 'V')
			sendmail_say_fatal("unsupported: -X%c", value[0]);
		f->verp = value + 1;
		break;
	case 'b':
		set_mode(f, value[0]);
		break;
	case 'f':
	case 'r':
		f->sender = value;
		break;
	case 'o':
		set_setting(f, value);
		break;
	case 'q':
		set_queue(f, value);
		break;
	default: /* -A, -L, -O, -e, -h, -p */
		break;
	}
}

static void
set(struct sendmail_flags *f, char letter, const char *value)
{
	switch (letter) {
	case 'G':
		f->gateway = true;
		break;
	case 'I':
		f->mode = SENDMAIL_FLAGS_ALIASES;
		break;
	case 'i':
		f->no_dot = true;
		break;
	case 'n':
		sendmail_say_fatal("-n option not supported");
	case 't':
		f->from_headers = true;
		break;
	case 'v':
		/* Twice it is about what is logged, which is up to main.cf. */
		f->report = f->verbosity++ == 0;
		break;
	default: /* -U, -c, -m, -x mean nothing */
		if (value != NULL)
			set_value(f, letter, value);
		break;
	}
}

/* What makes no sense with -bv. */
static void
check_verify(const struct sendmail_flags *f)
{
	const char *other = f->from_headers ? "-t"
	    : f->notify != NULL             ? "-N"
	    : f->ret != NULL                ? "-R"
	    : f->report                     ? "-v"
					    : NULL;

	if (f->verify && other != NULL)
		sendmail_say_fatal("%s option cannot be used with -bv", other);
}

/* -V as it was before it meant an envelope id: "-V -f list", "-V+=".  NULL: it
 * is something else. */
static const char *
old_verp(const char *arg, const char *next)
{
	if (strncmp(arg, "-V", 2) != 0)
		return NULL;
	if (arg[2] == '\0' ? next == NULL || next[0] != '-' : strlen(arg) != 4)
		return NULL;
	sendmail_say_warning("option %s is deprecated with Postfix 2.3; "
			     "specify -X%s instead",
	    arg, arg + 1);
	return arg + 2;
}

void
sendmail_flags_parse(int argc, char **argv, struct sendmail_flags *flags)
{
	struct options o = { .argc = argc, .argv = argv, .next = 1 };
	const char *verp;
	int letter;

	*flags = (struct sendmail_flags){ .mode = SENDMAIL_FLAGS_ENQUEUE };
	while (true) {
		bool inside = o.rest != NULL && *o.rest != '\0';

		/* Not one that any getopt() could read. */
		if (!inside && o.next < argc &&
		    strcmp(argv[o.next], "-q") == 0) {
			flags->mode = SENDMAIL_FLAGS_FLUSH;
			o.next++;
			continue;
		}
		if (!inside && o.next < argc &&
		    (verp = old_verp(argv[o.next], argv[o.next + 1])) != NULL) {
			flags->verp = verp;
			o.next++;
			continue;
		}
		letter = options_next(&o, letters);
		if (letter == -1)
			break;
		if (letter == '?')
			sendmail_say_fatal("usage: sendmail [options]");
		set(flags, (char)letter, o.value);
	}
	flags->operands = argv + o.next;
	check_verify(flags);
	if (flags->from_headers && flags->mode != SENDMAIL_FLAGS_ENQUEUE)
		sendmail_say_fatal("-t can be used only in delivery mode");
}
