/* dialogue.c - see dialogue.h. */
#include "proxy/dialogue.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "proxy/command_filter.h"
#include "proxy/escape.h"
#include "proxy/hall.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "rules/match.h"
#include "rules/table_list.h"

enum {
	LOG_START = 30,
	LOG_MOST = 100,
	GO_ON_MS = 100,        /* a worker with commands that wait already */
	GO_ON_OUT = 16 * 1024, /* ... and the replies to them */
};

static bool
rejects_newline(const struct session *s)
{
	return s->service->newline == SMTP_SERVICE_NEWLINE_REJECT &&
	    !s->newline_exempt;
}

/* The session ends with ${reply}. */
static void
hang_up(struct session *s, const char *reply)
{
	session_reply(s, "%s", reply);
	s->hangup = true;
}

static void
mistake(struct session *s, const char *reply)
{
	session_reply(s, "%s", reply);
	postmaster_blame(s, TRANSCRIPT_PROTOCOL);
	s->errors++;
}

static bool
matches(struct session *s, struct match *list, const char *word)
{
	return !match_empty(list) &&
	    match_string(list, s->subject.world, session_arena(s), word) ==
	    TABLE_FOUND;
}

/* A word that is the name of a header: somebody sends a message. */
static bool
is_header(const char *word)
{
	size_t n = strcspn(word, ":");

	if (n == 0 || word[n] != ':')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)word[i] <= 32 ||
		    (unsigned char)word[i] > 126)
			return false;
	return true;
}

static bool
not_smtp(struct session *s)
{
	const char *word = s->words.word[0];
	size_t n = strlen(s->line);

	if (!is_header(word) && !matches(s, s->service->forbidden, word))
		return false;
	event(&proxy_events_not_smtp, &s->by_itself, "client", s->client,
	    "line",
	    escape_text(session_arena(s), s->line, n < LOG_MOST ? n : LOG_MOST),
	    NULL);
	return true;
}

/* Commands that came before they might (RFC 2920); true: the session ends. */
static bool
came_too_soon(struct session *s)
{
	size_t n = s->in.len - s->in_at;

	if (s->pipelined || n == 0 || s->service->local ||
	    (s->esmtp && !(s->command->flags & SMTP_COMMAND_LAST)))
		return false;
	s->pipelined = true;
	event(&proxy_events_pipelining, &s->by_itself, "where",
	    s->command->name, "client", s->client, "data",
	    escape_text(session_arena(s), s->in.data + s->in_at,
		n < LOG_MOST ? n : LOG_MOST),
	    NULL);
	if (!s->params->smtpd_forbid_unauth_pipelining)
		return false;
	hang_up(s, "554 5.5.0 Error: SMTP protocol synchronization");
	return true;
}

/* Refuse a client that is not welcome, or that must start TLS first. */
static bool
not_now(struct session *s)
{
	if (s->access_denied != NULL &&
	    !(s->command->flags & SMTP_COMMAND_ALWAYS)) {
		if (s->access_denied[1] == '2' && s->access_denied[2] == '1') {
			session_reply(s, "%s", s->access_denied);
			return true;
		}
		session_reply(
		    s, "503 5.7.0 Error: access denied for %s", s->client);
		s->errors++;
		return true;
	}
	if (s->command->run == NULL) {
		const char *reply = milter_hook_unknown(s);

		mistake(s,
		    reply != NULL ? reply
				  : "500 5.5.2 Error: command not recognized");
		return true;
	}
	if (s->service->tls_must && s->tls == NULL &&
	    !(s->command->flags & SMTP_COMMAND_PRE_TLS)) {
		session_reply(
		    s, "530 5.7.0 Must issue a STARTTLS command first");
		s->errors++;
		return true;
	}
	return false;
}

static void
count_junk(struct session *s)
{
	if (s->junk++ > s->params->smtpd_junk_command_limit)
		s->errors++;
}

static void run(struct session *s);

static void
perform(struct session *s)
{
	unsigned place = smtp_command_place(s->command);

	switch (s->command->run(s)) {
	case SMTP_COMMAND_AGAIN:
		must(!s->away);
		s->count[place].all--;
		session_work_run(s, true, run);
		return;
	case SMTP_COMMAND_DONE:
		s->count[place].ok++;
		break;
	case SMTP_COMMAND_FAILED:
		s->errors++;
		break;
	case SMTP_COMMAND_LATER:
		break;
	}
	if (s->command->flags & SMTP_COMMAND_JUNK)
		count_junk(s);
	session_settle(s);
}

/* s->words is a command; on the loop or in a worker. */
static void
run(struct session *s)
{
	if (matches(s, s->service->noop, s->words.word[0])) {
		session_reply(s, "250 2.0.0 Ok");
		count_junk(s);
		return;
	}
	s->count[smtp_command_place(s->command)].all++;
	s->where = s->command->name;
	if (s->command->run == NULL && not_smtp(s)) {
		hang_up(s, "221 2.7.0 Error: I can break rules, too. Goodbye.");
		return;
	}
	if (!not_now(s) && !came_too_soon(s))
		perform(s);
}

/* The same command once more, and all of it is there. */
static bool
repeated(const struct session *s)
{
	size_t n = strlen(s->command->name), left = s->in.len - s->in_at;
	const char *line = s->in.data + s->in_at;

	return left > n && strncasecmp(line, s->command->name, n) == 0 &&
	    line[n] == ' ' && memchr(line, '\n', left) != NULL;
}

/* In a worker.  A client that sends its recipients all at once pays for one
 * hand-over, not for one each; but it does not wait for long for the replies to
 * the first ones. */
static void
run_all(struct session *s)
{
	int64_t end = clock_mono() + GO_ON_MS * CLOCK_MS;

	run(s);
	while (s->phase == SESSION_COMMAND && !s->hangup && s->pause == 0 &&
	    repeated(s) && s->out.len < GO_ON_OUT && clock_mono() < end)
		(void)dialogue_line(s);
}

static bool
blocks(const struct session *s)
{
	const struct smtp_service *service = s->service;

	if (service->replies_block ||
	    (match_flags(service->noop) & TABLE_MAY_BLOCK) != 0)
		return true;
	if (s->command->run == NULL)
		return milter_hook_blocks(s) ||
		    (match_flags(service->forbidden) & TABLE_MAY_BLOCK) != 0;
	return s->command->blocks != NULL && s->command->blocks(s);
}

/* What a command line must be before it is looked at. */
static bool
sound(struct session *s, const char *line, size_t n)
{
	if (memchr(line, '\0', n) != NULL) {
		mistake(s, "500 5.5.2 Error: bad syntax");
		return false;
	}
	if (s->params->smtputf8_enable && !escape_utf8(line, n)) {
		mistake(s, "500 5.5.2 Error: bad UTF-8 syntax");
		return false;
	}
	return true;
}

/* What is the command?  False: it is none, and was answered. */
static bool
understand(struct session *s)
{
	if (s->service->command_filter != NULL && !command_filter_apply(s))
		return false;
	words_parse(session_arena(s), s->line, &s->words);
	if (s->words.count == 0) {
		mistake(s, "500 5.5.2 Error: bad syntax");
		return false;
	}
	s->command = smtp_command_find(s->words.word[0], s->service->lmtp);
	return true;
}

static bool
filter_blocks(const struct session *s)
{
	return s->service->command_filter != NULL &&
	    (table_list_flags(s->service->command_filter) & TABLE_MAY_BLOCK) !=
	    0;
}

/* In a worker. */
static void
understand_and_run(struct session *s)
{
	if (understand(s))
		run_all(s);
	session_settle(s);
}

static void
perform_line(struct session *s, const char *line, size_t n)
{
	bool may_block;

	postmaster_in(s, line, n);
	if (!sound(s, line, n))
		return;
	s->line = arena_strndup(session_arena(s), line, n);
	if (!s->away && filter_blocks(s)) {
		session_work_run(s, true, understand_and_run);
		return;
	}
	if (!understand(s)) {
		session_settle(s);
		return;
	}
	if (s->away) {
		run(s);
		return;
	}
	may_block = blocks(s);
	session_work_run(s, may_block, may_block ? run_all : run);
	if (!s->away)
		session_settle(s);
}

static void
refuse_newline(struct session *s)
{
	session_log_reject(s, "bare <LF> received");
	session_reply(s, "%d 5.5.2 %s Error: bare <LF> received",
	    (int)s->params->smtpd_forbid_bare_newline_reject_code,
	    s->service->myhostname);
	s->hangup = true;
}

/* A line that is longer than any command: its start is the command, the rest
 * is skipped.  False: the end of it has not come yet. */
static bool
skip_rest(struct session *s)
{
	const char *p = s->in.data + s->in_at;
	const char *lf = memchr(p, '\n', s->in.len - s->in_at);

	s->in_at = lf != NULL ? (size_t)(lf + 1 - s->in.data) : s->in.len;
	s->overlong = lf == NULL;
	return lf != NULL;
}

static void
log_overlong(struct session *s, const char *line)
{
	char limit[24];

	(void)snprintf(limit, sizeof limit, "%lld",
	    (long long)s->params->line_length_limit);
	event(&proxy_events_long_request, &s->by_itself, "client", s->client,
	    "limit", limit, "start",
	    escape_text(session_arena(s), line, LOG_START), NULL);
}

static enum dialogue_status
take_overlong(struct session *s)
{
	size_t most = (size_t)s->params->line_length_limit;
	char *start;

	/* Kept until the end of the line has come. */
	start = arena_strndup(session_arena(s), s->in.data + s->in_at, most);
	log_overlong(s, start);
	s->long_line = start;
	s->in_at += most;
	if (!skip_rest(s))
		return DIALOGUE_MORE;
	s->long_line = NULL;
	perform_line(s, start, strnlen(start, most));
	return DIALOGUE_RAN;
}

enum dialogue_status
dialogue_line(struct session *s)
{
	size_t n = s->in.len - s->in_at, used;
	char *line = s->in.data + s->in_at, *lf;
	const char *start = s->long_line;

	/* Said as soon as the last mistake was answered. */
	if (s->errors >= s->params->smtpd_hard_error_limit) {
		s->why = "too many errors";
		postmaster_blame(s, TRANSCRIPT_PROTOCOL);
		session_reply(s, "421 4.7.0 %s Error: too many errors",
		    s->service->myhostname);
		return DIALOGUE_RAN;
	}
	if (n == 0)
		return DIALOGUE_MORE;
	if (s->overlong) {
		if (!skip_rest(s))
			return DIALOGUE_MORE;
		s->long_line = NULL;
		perform_line(s, start, strlen(start));
		return DIALOGUE_RAN;
	}
	lf = memchr(line, '\n', n);
	if ((size_t)(lf != NULL ? lf - line : (ptrdiff_t)n) >
	    (size_t)s->params->line_length_limit + 1)
		return take_overlong(s);
	if (lf == NULL)
		return DIALOGUE_MORE;
	used = (size_t)(lf + 1 - line);
	s->in_at += used;
	n = used - 1;
	if (n == 0 || line[n - 1] != '\r') {
		s->bare_lf |= s->service->newline != SMTP_SERVICE_NEWLINE_ANY &&
		    !s->newline_exempt;
		if (rejects_newline(s)) {
			refuse_newline(s);
			return DIALOGUE_RAN;
		}
	}
	while (n > 0 && line[n - 1] == '\r')
		n--;
	perform_line(s, line, n);
	return DIALOGUE_RAN;
}
