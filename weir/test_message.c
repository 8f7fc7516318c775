/* test_message.c - see test_message.h. */
#include "weir/test_message.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/json_text.h"
#include "checks/content_checks.h"
#include "classes/class_content.h"
#include "weir/mail_source.h"
#include "weir/message_report.h"
#include "weir/message_trial.h"
#include "weir/rule_tally.h"
#include "weir/trial.h"
#include "weir/trial_recipients.h"

/* What was asked for, and what has come out so far. */
struct bench {
	struct trial trial, other_trial;
	const char *sender, *client;
	struct trial_recipients rcpts;
	bool each; /* every message of many is shown */
	bool log, compare;
	struct arena *arena;
	struct subject subject;
	struct event_by by;
	struct message_trial ours, theirs; /* theirs: of --compare */
	struct message_report report;
	struct rule_tally tally;
	struct mail_source *source;
	bool show; /* the message at hand */

	unsigned count, fates[MESSAGE_FATES], changed;
	int64_t told; /* when progress was told */
	int status;
};

static void
worse(struct bench *b, int status)
{
	if (b->status < status)
		b->status = status;
}

static void
take_seen(void *arg, const struct content_seen *seen)
{
	struct bench *b = arg;

	if (seen->value.text != NULL)
		rule_tally_add(&b->tally,
		    message_trial_place(b->ours.mail, seen->value.file,
			seen->value.line, seen->list),
		    seen->value.text);
	if (b->show)
		message_report_seen(&b->report, seen);
}

static void
take_note(void *arg, const struct content_note *note)
{
	struct bench *b = arg;

	rule_tally_add(&b->tally,
	    message_trial_place(
		b->ours.mail, note->file, note->line, note->table),
	    note->answer);
	if (b->show)
		message_report_noted(&b->report, note);
}

/* The reader of a terminal sees that it goes on. */
static void
progress(struct bench *b)
{
	enum { EVERY = 200 * 1000 * 1000 };
	int64_t now = clock_mono();

	if (now - b->told < EVERY || !mail_source_many(b->source) ||
	    isatty(STDERR_FILENO) == 0)
		return;
	b->told = now;
	(void)fprintf(stderr, "\r%u messages, %u %%", b->count,
	    mail_source_done(b->source));
}

static void
end_progress(const struct bench *b)
{
	if (b->told != 0 && isatty(STDERR_FILENO) != 0)
		(void)fputs("\r\033[K", stderr);
}

static void
side_json(struct buf *out, const char *name, const struct message_trial *t)
{
	json_text_name(out, name);
	buf_putc(out, '{');
	message_report_decision(t, out);
	buf_putc(out, '}');
}

static void
print_rcpt(const struct message_trial_rcpt *r)
{
	(void)printf(", <%s> %s", r->address, r->decision);
	if (r->outcome != NULL)
		(void)printf("; %s", r->outcome);
	if (*r->by != '\0')
		(void)printf(" by %s", r->by);
}

static void
print_side(const struct message_trial *t)
{
	(void)fputs(t->decision, stdout);
	if (*t->by != '\0')
		(void)printf(" by %s", t->by);
	if (*t->edits != '\0')
		(void)printf(", edited by %s", t->edits);
	for (size_t i = 0; i < t->nrcpts && t->recipients != NULL; i++)
		if (t->rcpts[i].verdict.by != NULL)
			print_rcpt(&t->rcpts[i]);
}

/* What becomes of it for a recipient of both is not the same. */
static bool
differs_for(const struct message_trial_rcpt *r, const struct message_trial *t)
{
	const struct message_trial_rcpt *other =
	    message_trial_find(t, r->address);
	const char *outcome = r->outcome != NULL ? r->outcome : "";

	if (other == NULL)
		return true;
	return strcmp(other->decision, r->decision) != 0 ||
	    strcmp(other->outcome != NULL ? other->outcome : "", outcome) != 0;
}

static bool
differs(const struct message_trial *a, const struct message_trial *b)
{
	if (strcmp(a->decision, b->decision) != 0 || a->sum != b->sum)
		return true;
	for (size_t i = 0; i < a->nrcpts; i++)
		if (differs_for(&a->rcpts[i], b))
			return true;
	return a->nrcpts != b->nrcpts;
}

static void
compare(struct bench *b)
{
	const char *name = mail_source_name(b->source);
	struct buf out = { 0 };

	if (!differs(&b->ours, &b->theirs))
		return;
	b->changed++;
	worse(b, 1);
	if (b->trial.json) {
		buf_putc(&out, '{');
		json_text_member(&out, "message", name);
		side_json(&out, "before", &b->ours);
		side_json(&out, "after", &b->theirs);
		(void)printf("%s}\n", buf_str(&out));
		buf_free(&out);
		return;
	}
	(void)printf("%s: ", name);
	print_side(&b->ours);
	(void)fputs(" -> ", stdout);
	print_side(&b->theirs);
	(void)putchar('\n');
}

/* For a recipient it is not what it is for all. */
static bool
refused_by_some(const struct message_trial *t)
{
	for (size_t i = 0; i < t->nrcpts && t->recipients != NULL; i++)
		if (t->rcpts[i].verdict.fate != RECIPIENT_TAKEN)
			return true;
	return false;
}

/* One message, through each configuration at once. */
static void
try_message(struct bench *b)
{
	const char *data;
	size_t n;

	b->show = !b->compare && (b->each || !mail_source_many(b->source));
	if (b->show)
		message_report_begin(&b->report, mail_source_name(b->source));
	message_trial_begin(&b->ours, &b->subject);
	if (b->compare)
		message_trial_begin(&b->theirs, &b->subject);
	while ((data = mail_source_read(b->source, &n)) != NULL) {
		message_trial_feed(&b->ours, data, n);
		if (b->compare)
			message_trial_feed(&b->theirs, data, n);
		progress(b);
	}
	message_trial_end(&b->ours);
	if (b->compare)
		message_trial_end(&b->theirs);
	b->count++;
	b->fates[b->ours.fate]++;
	if (b->compare)
		compare(b);
	else if (b->ours.fate != MESSAGE_ACCEPTED || refused_by_some(&b->ours))
		worse(b, 1);
	if (b->show)
		message_report_end(&b->report, &b->ours);
}

static void
try_all(struct bench *b)
{
	struct err err = { "" };
	enum mail_source_result result;

	while (
	    (result = mail_source_next(b->source, &err)) != MAIL_SOURCE_END) {
		if (result == MAIL_SOURCE_MESSAGE) {
			try_message(b);
			continue;
		}
		worse(b, trial_fail(&b->trial, EX_NOINPUT, "%s", err.text));
		err.text[0] = '\0';
	}
	end_progress(b);
}

static void
summary_json(const struct bench *b)
{
	struct buf out = { 0 };

	buf_printf(&out, "{\"messages\":%u", b->count);
	if (b->compare) {
		buf_printf(&out, ",\"changed\":%u", b->changed);
	} else {
		for (int i = 0; i < MESSAGE_FATES; i++) {
			json_text_name(&out, message_trial_word(i));
			buf_printf(&out, "%u", b->fates[i]);
		}
		json_text_name(&out, "rules");
		rule_tally_json(&b->tally, &out);
	}
	(void)printf("%s}\n", buf_str(&out));
	buf_free(&out);
}

static void
summary(const struct bench *b)
{
	const char *before = ": ";

	if (b->trial.json) {
		summary_json(b);
		return;
	}
	if (b->compare) {
		(void)printf(
		    "%u of %u messages change\n", b->changed, b->count);
		return;
	}
	(void)printf("%u messages", b->count);
	for (int i = 0; i < MESSAGE_FATES; i++) {
		if (b->fates[i] == 0)
			continue;
		(void)printf(
		    "%s%u %s", before, b->fates[i], message_trial_word(i));
		before = ", ";
	}
	(void)putchar('\n');
	rule_tally_print(&b->tally);
}

static void
warn(const char *text)
{
	(void)fprintf(stderr, "weir test message: %s\n", text);
}

/* What a server would log is shown, or only what is wrong with a rule. */
static void
open_log(const struct bench *b)
{
	int fd =
	    b->log ? STDOUT_FILENO : open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (b->log)
		(void)setvbuf(stdout, NULL, _IOLBF, 0);
	else
		event_tap(warn);
	event_open(
	    &(struct event_target){ .name = "weir", .fd = fd, .json_fd = -1 });
}

/* NAME[ADDRESS], or one of the two. */
static void
take_client(struct bench *b)
{
	struct subject *s = &b->subject;
	const char *open = strchr(b->client, '[');
	size_t n = open != NULL ? (size_t)(open - b->client) : 0;

	if (n > 0) {
		s->client_name = arena_strndup(b->arena, b->client, n);
		s->client_addr =
		    arena_strndup(b->arena, open + 1, strcspn(open + 1, "]"));
	} else if (net_parse(b->client, &s->client)) {
		s->client_addr = b->client;
	} else {
		s->client_name = b->client;
	}
	(void)net_parse(s->client_addr, &s->client);
}

static void
set_subject(struct bench *b)
{
	b->by = (struct event_by){ .program = "cleanup", .number = 1 };
	b->subject = (struct subject){
		.world = b->trial.world,
		.by = &b->by,
		.client_name = "unknown",
		.client_addr = "unknown",
		.protocol = "ESMTP",
		.sender = b->sender,
		.recipient = b->rcpts.count > 0
		    ? b->rcpts.list[b->rcpts.count - 1]
		    : NULL,
		.queue_id = "NOQUEUE",
	};
	take_client(b);
}

static int
open_trial(struct bench *b, struct trial *trial, struct message_trial *t)
{
	struct err err = { "" };

	if (message_trial_open(t, trial->conf, &err) != 0)
		return trial_fail(&b->trial, EX_CONFIG, "%s", err.text);
	if (!trial_recipients_judge(
		&b->rcpts, trial->conf, &b->subject, t, &err))
		worse(b, 1);
	if (err.text[0] != '\0')
		(void)fprintf(
		    stderr, "%s: warning: %s\n", b->trial.name, err.text);
	return EX_OK;
}

static int
open_all(struct bench *b, char **paths, size_t n)
{
	struct err err = { "" };
	int status = trial_open(&b->trial);

	if (status == EX_OK && b->compare)
		status = trial_read(&b->other_trial);
	if (status != EX_OK)
		return status;
	set_subject(b);
	status = open_trial(b, &b->trial, &b->ours);
	if (status == EX_OK && b->compare)
		status = open_trial(b, &b->other_trial, &b->theirs);
	if (status != EX_OK)
		return status;
	b->source = mail_source_open(paths, n, &err);
	if (b->source == NULL)
		return trial_fail(&b->trial, EX_NOINPUT, "%s", err.text);
	return EX_OK;
}

static void
open_tally(struct bench *b)
{
	const struct class_content_all *classes = b->ours.rules.tables.classes;

	rule_tally_open(&b->tally, b->ours.rules.tables.checks);
	for (size_t i = 0;
	     classes != NULL && b->rcpts.count > 0 && i < classes->count; i++)
		rule_tally_open(&b->tally, classes->list[i].lists);
}

static int
run(struct bench *b, char **paths, size_t n)
{
	int status = open_all(b, paths, n);

	if (status != EX_OK)
		return status;
	b->ours.watch = take_seen;
	b->ours.noted = take_note;
	b->ours.watch_arg = b;
	b->ours.keep = b->report.result;
	b->report.json = b->trial.json;
	open_tally(b);
	try_all(b);
	if (b->compare || mail_source_many(b->source))
		summary(b);
	rule_tally_close(&b->tally);
	return b->status;
}

static void
close_all(struct bench *b)
{
	mail_source_close(b->source);
	message_trial_close(&b->ours);
	message_trial_close(&b->theirs);
	event_tap(NULL);
	trial_close(&b->other_trial);
	trial_close(&b->trial);
	trial_recipients_free(&b->rcpts);
	arena_free(b->arena);
}

/* 1: taken; 0: another; -1: it lacks its value. */
static int
take_option(struct bench *b, int argc, char **argv, int *i)
{
	const struct {
		const char *word;
		bool *on;
		const char **value;
	} options[] = {
		{ "--each", &b->each, NULL },
		{ "--lines", &b->report.lines, NULL },
		{ "--result", &b->report.result, NULL },
		{ "--log", &b->log, NULL },
		{ "--sender", NULL, &b->sender },
		{ "--client", NULL, &b->client },
		{ "--compare", &b->compare, &b->other_trial.dir },
	};

	if (strcmp(argv[*i], "--rcpt") == 0) {
		if (*i + 1 == argc)
			return -1;
		trial_recipients_put(&b->rcpts, argv[++*i]);
		return 1;
	}
	for (size_t j = 0; j < sizeof options / sizeof options[0]; j++) {
		if (strcmp(options[j].word, argv[*i]) != 0)
			continue;
		if (options[j].on != NULL)
			*options[j].on = true;
		if (options[j].value == NULL)
			return 1;
		if (*i + 1 == argc)
			return -1;
		*options[j].value = argv[++*i];
		return 1;
	}
	return trial_option(&b->trial, argc, argv, i);
}

int
test_message(int argc, char **argv)
{
	struct bench b = { .trial = { .name = "weir test message",
			       .later = true },
		.other_trial = { .name = "weir test message" },
		.sender = "",
		.client = "localhost[127.0.0.1]" };
	int status = EX_OK, i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++)
		if (take_option(&b, argc, argv, &i) != 1)
			status = EX_USAGE;
	if (i >= argc)
		status = EX_USAGE;
	b.arena = b.tally.arena = arena_new();
	open_log(&b);
	if (status == EX_OK)
		status = run(&b, argv + i, (size_t)(argc - i));
	close_all(&b);
	return trial_end(&b.trial, status);
}
