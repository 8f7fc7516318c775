/* cmd_postdrop.c - see cmd_postdrop.h: what postdrop(1) of Postfix does for its
 * sendmail(1) and for programs that do as that does.  No set-group-id is needed:
 * the service is asked, or the maildrop is open to all. */
#include "weir/cmd_postdrop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/param.h"
#include "base/spool.h"
#include "proxy/proxy_params.h"
#include "queue/verp.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"
#include "weir/letter.h"
#include "weir/maildrop.h"
#include "weir/options.h"
#include "weir/queue_records.h"

enum { PIECE = 32 * 1024, ID_TEXT = 32 };

/* What its caller reads as a status: bits that Postfix has for it. */
enum {
	STATUS_BAD = 1 << 0,
	STATUS_WRITE = 1 << 1,
	STATUS_SIZE = 1 << 2,
	STATUS_CONTENT = 1 << 3,
};

_Noreturn static void
fatal_uid(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Postfix's exit status for all that it says "fatal" of. */
_Noreturn static void
fatal_uid(const char *format, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fprintf(stderr, "postdrop: fatal: uid=%u: ", (unsigned)getuid());
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	_exit(1);
}

static void
warn(const char *what, const char *record)
{
	struct arena *arena = arena_new();
	char *text = arena_strdup(arena, record);

	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	(void)fprintf(stderr, "postdrop: warning: uid=%u: %s: %s\n",
	    (unsigned)getuid(), what, text);
	arena_free(arena);
}

/* An attribute of an answer: each text ends with a NUL, so does the list. */
static void
say(const char *name, const char *value)
{
	(void)fputs(name, stdout);
	(void)fputc('\0', stdout);
	(void)fputs(value, stdout);
	(void)fputc('\0', stdout);
}

static void
end_list(void)
{
	(void)fputc('\0', stdout);
	(void)fflush(stdout);
}

/* Its caller waits for this before it says anything.  The message has no queue
 * id before it is taken, so this is one of nothing else. */
static void
greet(void)
{
	char id[ID_TEXT];

	(void)snprintf(id, sizeof id, "%05X%X",
	    (unsigned)(clock_now() / 1000 % 1000000), (unsigned)getpid());
	say("protocol", "postdrop_protocol");
	say("queue_id", id);
	end_list();
}

static int
answer(unsigned status, const char *reason)
{
	char number[ID_TEXT];

	(void)snprintf(number, sizeof number, "%u", status);
	say("status", number);
	say("reason", reason);
	end_list();
	return (int)status;
}

/* Octets of standard input; 0: that was all. */
static size_t
read_some(char *piece)
{
	ssize_t n;

	do
		n = read(STDIN_FILENO, piece, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fatal_uid("error reading input: %s", err_errno(errno));
	return (size_t)n;
}

/* False: its caller has gone before the end, and so has the message. */
static bool
read_message(struct queue_records *r)
{
	enum queue_records_status status = QUEUE_RECORDS_MORE;
	struct err err = { 0 };
	char piece[PIECE];
	size_t n = 1;

	while (status == QUEUE_RECORDS_MORE && (n = read_some(piece)) > 0)
		status = queue_records_take(r, piece, n, &err);
	if (status == QUEUE_RECORDS_BAD ||
	    (status == QUEUE_RECORDS_MORE && !queue_records_between(r)))
		fatal_uid(
		    "%s", err.text[0] != '\0' ? err.text : "malformed input");
	if (status == QUEUE_RECORDS_FAILED)
		fatal_uid("%s", err.text);
	if (status == QUEUE_RECORDS_LARGE)
		_exit(answer(STATUS_SIZE, "message file too big"));
	return status == QUEUE_RECORDS_END;
}

static const char *
notify_text(unsigned flags, struct arena *arena)
{
	if ((flags & 1) != 0)
		return "NEVER";
	return arena_printf(arena, "%s%s%s%s%s",
	    (flags & 2) != 0 ? "SUCCESS" : "",
	    (flags & 2) != 0 && (flags & 12) != 0 ? "," : "",
	    (flags & 4) != 0 ? "FAILURE" : "",
	    (flags & 4) != 0 && (flags & 8) != 0 ? "," : "",
	    (flags & 8) != 0 ? "DELAY" : "");
}

static void
put_some(struct letter *l, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		letter_parameter(l, name, value);
}

static void
put_commands(const struct queue_records *r, struct letter *l)
{
	letter_sender(l, r->sender);
	put_some(l, "BODY", r->body);
	if (r->ret != 0)
		letter_parameter(l, "RET", r->ret == 1 ? "FULL" : "HDRS");
	put_some(l, "ENVID", r->envid);
	put_some(l, "XVERP", r->verp);
	if (r->remote)
		letter_parameter(l, "XREMOTE", NULL);
	if (r->trace != 0)
		letter_parameter(l, "XTRACE",
		    r->trace == QUEUE_RECORDS_VERIFY ? "VERIFY" : "ATTEMPT");
	put_some(l, "XFULLNAME", r->full_name);
	letter_line(l);
	for (size_t i = 0; i < r->count; i++) {
		const struct queue_records_rcpt *to = &r->rcpts[i];

		letter_recipient(l, to->address);
		if (to->notify != 0)
			letter_parameter(
			    l, "NOTIFY", notify_text(to->notify, r->arena));
		put_some(l, "ORCPT", to->orcpt);
		letter_line(l);
	}
	letter_data(l);
}

static int
hand_over(const struct generation *g, const struct letter *l)
{
	char text[LETTER_TEXT];
	struct err err = { 0 };

	switch (letter_send(l, maildrop_service(g), text)) {
	case LETTER_TAKEN:
		return answer(0, "");
	case LETTER_BARRED:
		(void)fprintf(stderr, "postdrop: fatal: %s\n", text);
		return 1;
	case LETTER_REFUSED:
		return answer(STATUS_CONTENT, text);
	case LETTER_LATER:
		break;
	}
	if (maildrop_put(maildrop_path(g), l, &err) == 0)
		return answer(0, "");
	(void)fprintf(stderr,
	    "postdrop: warning: %s; the message cannot be kept: %s\n", text,
	    err.text);
	return answer(STATUS_WRITE, "");
}

static int
submit(const struct generation *g)
{
	struct queue_records r = { .arena = arena_new(), .warn = warn };
	struct proxy_params params;
	struct letter l = { 0 };
	struct err err = { 0 };
	int status = 0;

	if (param_load(&proxy_params_table, g->conf, r.arena, &params, &err) !=
	    0)
		fatal_uid("%s", err.text);
	l.content = spool_new("/var/tmp");
	r.most = (size_t)params.line_length_limit;
	r.text = (struct sendmail_text){
		.arena = r.arena,
		.out = l.content,
		.most_line = (size_t)params.line_length_limit,
		.most_header = (size_t)params.header_size_limit,
		.most = (uint64_t)params.message_size_limit,
	};
	greet();
	if (read_message(&r)) {
		if (r.verp != NULL &&
		    !verp_is_valid(r.verp, params.verp_delimiter_filter))
			fatal_uid("bad VERP delimiter characters");
		if (r.sender == NULL || r.count == 0) {
			status = answer(STATUS_BAD, "");
		} else {
			put_commands(&r, &l);
			status = hand_over(g, &l);
		}
	}
	queue_records_free(&r);
	letter_free(&l);
	arena_free(r.arena);
	return status;
}

int
cmd_postdrop(int argc, char **argv)
{
	const char *dir = cmd_options_default_dir();
	struct options o = { .argc = argc, .argv = argv };
	struct generation *g;
	int letter, status;

	while ((letter = options_next(&o, "c:rv")) != -1) {
		if (letter == 'c') {
			dir = o.value;
		} else if (letter == '?') {
			(void)fprintf(stderr,
			    "postdrop: fatal: usage: postdrop [-c config_dir] "
			    "[-v]\n");
			return 1;
		}
	}
	g = cmd_options_read("postdrop", dir);
	if (g == NULL)
		return 1;
	if (maildrop_service(g) == NULL)
		fatal_uid("mail submission is disabled: master.cf has no "
			  "service %s unix ... pickup",
		    g->weir.pickup_service_name);
	status = submit(g);
	generation_free(g);
	return status;
}
