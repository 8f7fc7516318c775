/* cmd_sendmail.c - see cmd_sendmail.h: what sendmail(1) of Postfix does, but
 * that the service is asked at once, and only what it cannot take now goes to
 * the maildrop. */
#include "weir/cmd_sendmail.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/param.h"
#include "base/spool.h"
#include "proxy/proxy_params.h"
#include "queue/verp.h"
#include "rules/address.h"
#include "weir/cmd_newaliases.h"
#include "weir/cmd_options.h"
#include "weir/cmd_postmap.h"
#include "weir/cmd_postqueue.h"
#include "weir/cmd_run.h"
#include "weir/generation.h"
#include "weir/letter.h"
#include "weir/maildrop.h"
#include "weir/sendmail_flags.h"
#include "weir/sendmail_say.h"
#include "weir/sendmail_text.h"
#include "weir/standalone.h"

enum { PIECE = 32 * 1024, MOST_ARGUMENTS = 8, PASSWD_TEXT = 4096 };

/* One message on its way. */
struct mailing {
	const struct sendmail_flags *flags;
	struct generation *g;
	struct arena *arena;
	struct proxy_params params;
	const char *user, *gecos; /* the caller */
	const char *sender;       /* internal form */
	struct sendmail_text text;
	struct letter letter;
};

typedef int command_main(int argc, char **argv);

/* Another command does it. */
static int
run(command_main *command, const struct sendmail_flags *f, const char *name,
    const char *option, const char *value)
{
	const char *words[MOST_ARGUMENTS] = { name };
	char *argv[MOST_ARGUMENTS];
	int n = 1;

	if (f->dir != NULL) {
		words[n++] = "-c";
		words[n++] = f->dir;
	}
	if (option != NULL)
		words[n++] = option;
	if (value != NULL)
		words[n++] = value;
	/* They do not change what they are given; argv is char * by history. */
	memcpy(argv, words, sizeof argv);
	return command(n, argv);
}

static void
no_operands(const struct sendmail_flags *f, const char *mode)
{
	if (f->operands[0] != NULL)
		sendmail_say_fatal("%s mode requires no recipient", mode);
}

static struct generation *
configuration(const struct sendmail_flags *f)
{
	struct err err = { 0 };
	struct generation *g = generation_read(
	    f->dir != NULL ? f->dir : cmd_options_default_dir(), &err);

	if (g == NULL)
		sendmail_say_fatal("%s", err.text);
	return g;
}

static const char *
service_of(const struct generation *g)
{
	const char *path = maildrop_service(g);

	if (path == NULL)
		sendmail_say_refused(
		    "mail submission is disabled: master.cf has no service "
		    "%s unix ... pickup",
		    g->weir.pickup_service_name);
	return path;
}

static int
stand_alone(const struct sendmail_flags *f)
{
	struct generation *g = configuration(f);
	struct err err = { 0 };

	if (standalone_run(service_of(g), &err) != 0)
		sendmail_say_fatal("the mail system is down: %s", err.text);
	generation_free(g);
	return 0;
}

static void
find_caller(struct mailing *m)
{
	struct passwd pw, *found = NULL;
	char space[PASSWD_TEXT];

	if (getpwuid_r(getuid(), &pw, space, sizeof space, &found) != 0 ||
	    found == NULL)
		return;
	m->user = arena_strdup(m->arena, pw.pw_name);
	m->gecos = arena_strdup(m->arena, pw.pw_gecos);
}

/* The caller's full name: of the command line, the environment, or the
 * password file, where & is the login name. */
static const char *
full_name(const struct mailing *m)
{
	const char *name = m->flags->full_name;
	struct buf out = { 0 };
	size_t n;

	if (name == NULL)
		name = secure_getenv("NAME");
	if (name != NULL || m->gecos == NULL)
		return name;
	n = strcspn(m->gecos, ",");
	for (size_t i = 0; i < n; i++) {
		size_t at = out.len;

		if (m->gecos[i] != '&') {
			buf_putc(&out, m->gecos[i]);
			continue;
		}
		buf_puts(&out, m->user);
		out.data[at] = (char)toupper((unsigned char)out.data[at]);
	}
	name = arena_strdup(m->arena, buf_str(&out));
	buf_free(&out);
	return name;
}

static void
find_sender(struct mailing *m)
{
	const char *text = m->flags->sender;
	struct sendmail_text_list list = { 0 };

	if (text == NULL) {
		if (m->user == NULL)
			sendmail_say_fatal(
			    "no login name found for user ID %lu",
			    (unsigned long)getuid());
		m->sender = m->user;
		return;
	}
	sendmail_text_addresses(m->arena, text, &list);
	if (list.count > 1)
		sendmail_say_warning(
		    "-f option specified malformed sender: %s", text);
	m->sender = list.count > 0 ? list.items[0] : "";
}

static const char *
name_of_caller(const struct mailing *m)
{
	return m->user != NULL ? m->user : "unknown";
}

static void
begin_text(struct mailing *m)
{
	const char *endings = m->g->weir.sendmail_fix_line_endings;

	m->letter.content = spool_new("/var/tmp");
	m->text = (struct sendmail_text){
		.arena = m->arena,
		.out = m->letter.content,
		.cr = strcasecmp(endings, "never") == 0  ? SENDMAIL_TEXT_KEEP
		    : strcasecmp(endings, "strict") == 0 ? SENDMAIL_TEXT_FIRST
							 : SENDMAIL_TEXT_DROP,
		.dot = !m->flags->no_dot,
		.addresses = m->flags->from_headers,
		.most_line = (size_t)m->params.line_length_limit,
		.most_header = (size_t)m->params.header_size_limit,
		.most = (uint64_t)m->params.message_size_limit,
	};
}

/* It is whole, or as whole as it gets. */
static void
end_text(struct mailing *m, enum sendmail_text_status status, struct err *err)
{
	if (status == SENDMAIL_TEXT_MORE || status == SENDMAIL_TEXT_END)
		status = sendmail_text_finish(&m->text, err);
	if (status == SENDMAIL_TEXT_LARGE)
		sendmail_say_fatal("%s(%u): message file too big",
		    name_of_caller(m), (unsigned)getuid());
	if (status == SENDMAIL_TEXT_FAILED)
		sendmail_say_fatal("%s", err->text);
}

static void
read_text(struct mailing *m)
{
	enum sendmail_text_status status = SENDMAIL_TEXT_MORE;
	struct err err = { 0 };
	char piece[PIECE];
	ssize_t n;

	begin_text(m);
	while (status == SENDMAIL_TEXT_MORE &&
	    (n = read(STDIN_FILENO, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			sendmail_say_fatal("%s(%u): error reading input: %s",
			    name_of_caller(m), (unsigned)getuid(),
			    err_errno(errno));
		status = sendmail_text_take(&m->text, piece, (size_t)n, &err);
	}
	end_text(m, status, &err);
}

static const char *
one_line(struct arena *arena, const char *text)
{
	char *line = arena_strdup(arena, text);

	for (char *c = line; *c != '\0'; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	return line;
}

/* The message that would be verified, which nobody has written. */
static void
make_text(struct mailing *m)
{
	enum sendmail_text_status status;
	struct err err = { 0 };
	struct buf text = { 0 };

	begin_text(m);
	if (m->sender[0] != '\0')
		buf_printf(
		    &text, "From: %s\n", address_external(m->arena, m->sender));
	buf_puts(&text, "Subject: probe\nTo:");
	for (char **p = m->flags->operands; *p != NULL; p++) {
		buf_putc(&text, '\t');
		buf_puts(&text, one_line(m->arena, *p));
		buf_puts(&text, p[1] != NULL ? ",\n" : "\n");
	}
	buf_putc(&text, '\n');
	status = sendmail_text_take(&m->text, text.data, text.len, &err);
	buf_free(&text);
	end_text(m, status, &err);
}

/* Those of the command line; one without any address is the one of "". */
static struct sendmail_text_list
find_recipients(struct mailing *m)
{
	struct sendmail_text_list list = { 0 };
	const struct sendmail_text_list *more =
	    m->text.resent.count > 0 ? &m->text.resent : &m->text.recipients;

	for (char **p = m->flags->operands; *p != NULL; p++) {
		size_t before = list.count;

		sendmail_text_addresses(m->arena, *p, &list);
		if (list.count == before)
			sendmail_text_add(m->arena, "MAILER-DAEMON", &list);
	}
	for (size_t i = 0; i < more->count; i++)
		if (more->items[i][0] != '\0')
			sendmail_text_add(m->arena, more->items[i], &list);
	if (list.count == 0)
		sendmail_say_fatal(
		    "%s(%u): No recipient addresses found in message header",
		    name_of_caller(m), (unsigned)getuid());
	return list;
}

static void
put_sender(struct mailing *m)
{
	const struct sendmail_flags *f = m->flags;
	const char *name = full_name(m);
	struct letter *l = &m->letter;

	letter_sender(l, m->sender);
	if (f->body != NULL)
		letter_parameter(l, "BODY", f->body);
	if (f->ret != NULL)
		letter_parameter(l, "RET", f->ret);
	if (f->envid != NULL)
		letter_parameter(l, "ENVID", f->envid);
	if (f->verp != NULL)
		letter_parameter(
		    l, "XVERP", f->verp[0] != '\0' ? f->verp : NULL);
	if (f->gateway)
		letter_parameter(l, "XREMOTE", NULL);
	if (f->verify || f->report)
		letter_parameter(l, "XTRACE", f->verify ? "VERIFY" : "ATTEMPT");
	if (name != NULL && *name != '\0')
		letter_parameter(l, "XFULLNAME", name);
	letter_line(l);
}

static void
put_commands(struct mailing *m)
{
	struct sendmail_text_list rcpts = find_recipients(m);
	const char *notify = m->flags->notify;
	struct letter *l = &m->letter;

	put_sender(m);
	for (size_t i = 0; i < rcpts.count; i++) {
		letter_recipient(l, rcpts.items[i]);
		if (notify != NULL)
			letter_parameter(l, "NOTIFY", notify);
		letter_line(l);
	}
	letter_data(l);
}

static void
hand_over(const struct mailing *m)
{
	const char *service = service_of(m->g);
	char text[LETTER_TEXT];
	struct err err = { 0 };

	switch (letter_send(&m->letter, service, text)) {
	case LETTER_TAKEN:
		return;
	case LETTER_BARRED:
		sendmail_say_fatal("%s", text);
	case LETTER_REFUSED:
		sendmail_say_refused("%s(%u): message refused: %s",
		    name_of_caller(m), (unsigned)getuid(), text);
	case LETTER_LATER:
		break;
	}
	if (maildrop_put(maildrop_path(m->g), &m->letter, &err) != 0)
		sendmail_say_fatal(
		    "%s; the message cannot be kept: %s", text, err.text);
}

/* -XV: a sender for each recipient. */
static void
check_verp(const struct mailing *m)
{
	const char *delimiters = m->flags->verp;
	const char *allowed = m->params.verp_delimiter_filter;

	if (delimiters == NULL)
		return;
	if (delimiters[0] != '\0' && !verp_is_valid(delimiters, allowed))
		sendmail_say_fatal(
		    "-V requires two characters from %s", allowed);
	if (m->sender[0] == '\0')
		sendmail_say_fatal("%s(%u): -V option requires non-null sender "
				   "address",
		    m->user != NULL ? m->user : "unknown", (unsigned)getuid());
}

static int
enqueue(const struct sendmail_flags *f)
{
	struct mailing m = { .flags = f, .arena = arena_new() };
	struct err err = { 0 };

	m.g = configuration(f);
	if (param_load(
		&proxy_params_table, m.g->conf, m.arena, &m.params, &err) != 0)
		sendmail_say_fatal("%s", err.text);
	find_caller(&m);
	if (f->operands[0] == NULL && !f->from_headers)
		sendmail_say_fatal(
		    "%s(%u): Recipient addresses must be specified on the "
		    "command line or via the -t option",
		    name_of_caller(&m), (unsigned)getuid());
	find_sender(&m);
	check_verp(&m);
	if (f->report || f->verify) {
		(void)printf("Mail Delivery Status Report will be mailed to "
			     "<%s>.\n",
		    m.sender);
		(void)fflush(stdout);
	}
	if (f->verify)
		make_text(&m);
	else
		read_text(&m);
	put_commands(&m);
	hand_over(&m);
	sendmail_text_free(&m.text);
	letter_free(&m.letter);
	generation_free(m.g);
	arena_free(m.arena);
	return 0;
}

/* What is not about a message. */
static int
manage(const struct sendmail_flags *f)
{
	switch (f->mode) {
	case SENDMAIL_FLAGS_SMTP:
		no_operands(f, "stand-alone");
		return stand_alone(f);
	case SENDMAIL_FLAGS_DAEMON:
		no_operands(f, "daemon");
		return run(cmd_run_start, f, "start", NULL, NULL);
	case SENDMAIL_FLAGS_LIST:
		no_operands(f, "display queue");
		return run(cmd_postqueue, f, "postqueue", "-p", NULL);
	case SENDMAIL_FLAGS_ALIASES:
		no_operands(f, "alias initialization");
		if (f->aliases != NULL)
			return run(cmd_postmap_aliases, f, "postalias", NULL,
			    f->aliases);
		return run(cmd_newaliases, f, "newaliases", NULL, NULL);
	case SENDMAIL_FLAGS_FLUSH:
		no_operands(f, "flush queue");
		return run(cmd_postqueue, f, "postqueue", "-f", NULL);
	case SENDMAIL_FLAGS_FLUSH_ID:
		return run(cmd_postqueue, f, "postqueue", "-i", f->target);
	case SENDMAIL_FLAGS_FLUSH_SITE:
		return run(cmd_postqueue, f, "postqueue", "-s", f->target);
	default:
		return 0;
	}
}

int
cmd_sendmail(int argc, char **argv)
{
	struct sendmail_flags flags;

	event_open(&(struct event_target){
	    .name = "sendmail",
	    .fd = STDERR_FILENO,
	    .json_fd = -1,
	    .plain = 1,
	});
	sendmail_flags_parse(argc, argv, &flags);
	return flags.mode == SENDMAIL_FLAGS_ENQUEUE ? enqueue(&flags)
						    : manage(&flags);
}
