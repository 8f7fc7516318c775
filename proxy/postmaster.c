/* postmaster.c - see postmaster.h.
 *
 * A notice is made where the dialogue is, on a worker or the loop, and sent by the
 * loop. */
#include "proxy/postmaster.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/loop.h"
#include "classes/stage.h"
#include "proxy/hall.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "queue/qid.h"
#include "queue/transcript_notice.h"
#include "queue/transcript_post.h"

void
postmaster_begin(struct session *s)
{
	if (s->service->told.classes != 0)
		s->transcript = transcript_new(s->service->told.utf8);
}

/* Octets of ${line} that may be shown: of AUTH, not what proves who it is. */
static size_t
without_secret(const char *line, size_t n)
{
	static const char auth[] = "AUTH";
	size_t at = 0;

	while (at < n && (line[at] == ' ' || line[at] == '\t'))
		at++;
	if (n - at < 5 || strncasecmp(line + at, auth, 4) != 0)
		return n;
	at += 4;
	while (at < n && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (at < n && line[at] != ' ' && line[at] != '\t')
		at++;
	return at;
}

void
postmaster_in(struct session *s, const char *line, size_t n)
{
	static const char more[] = " (left out)";
	struct buf text = { 0 };
	size_t shown;

	if (s->transcript == NULL)
		return;
	shown = without_secret(line, n);
	buf_put(&text, line, shown);
	if (shown < n)
		buf_puts(&text, more);
	transcript_add(s->transcript, "In:  ", buf_str(&text), text.len);
	buf_free(&text);
}

void
postmaster_out(struct session *s, size_t at)
{
	if (s->transcript != NULL)
		transcript_reply(
		    s->transcript, "Out: ", s->out.data + at, s->out.len - at);
}

void
postmaster_blame(struct session *s, unsigned class)
{
	const char *sender = s->subject.sender;

	/* Of a session of this machine nobody is told. */
	if (s->transcript == NULL)
		return;
	if (sender == NULL || !transcript_notice_is(&s->service->told, sender))
		s->blamed |= class;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Of what has a text of its own in every list (checks/answer.h). */
void
postmaster_judged(struct session *s, const struct verdict *verdict)
{
	if (verdict->warned)
		postmaster_blame(s, TRANSCRIPT_POLICY);
	if (verdict->pass)
		return;
	if (strcmp(verdict->text, "Server configuration error") == 0)
		postmaster_blame(s, TRANSCRIPT_SOFTWARE);
	else if (ends_with(verdict->text, ": Temporary lookup failure"))
		postmaster_blame(s, TRANSCRIPT_DATA);
	/* The client has got it right, and the sender is told. */
	else if (strcmp(verdict->dsn + 1, ".1.1") != 0)
		postmaster_blame(s, TRANSCRIPT_POLICY);
}

void
postmaster_forgive(struct session *s)
{
	s->blamed = 0;
}

/* Tell of what has been said so far, if it is to be told, and forget it. */
static void
flush(struct session *s, const char *end)
{
	const struct transcript_site *site = &s->service->told;
	const struct transcript_about about = {
		.whose = s->service->lmtp ? "LMTP server" : "SMTP server",
		.peer = s->client,
		.end = end,
	};
	struct transcript_notice *notice;
	char qid[ENVELOPE_QID];

	if ((s->blamed & site->classes) != 0) {
		qid_new(clock_now(), site->long_qids, qid);
		notice =
		    transcript_notice_new(s->transcript, site, &about, qid);
		transcript_notice_log(notice);
		notice->next = s->notices;
		s->notices = notice;
	}
	s->blamed = 0;
	transcript_reset(s->transcript);
}

void
postmaster_break(struct session *s)
{
	size_t most = (size_t)s->params->smtpd_history_flush_threshold;

	if (s->transcript != NULL && transcript_lines(s->transcript) > most)
		flush(s, NULL);
}

void
postmaster_over(struct session *s)
{
	if (s->transcript != NULL && transcript_lines(s->transcript) > 0)
		flush(s, s->why);
}

void
postmaster_take(struct session *s, struct transcript_notice *notices)
{
	struct transcript_notice **end = &s->notices;

	while (*end != NULL)
		end = &(*end)->next;
	*end = notices;
}

static void
all_sent(void *arg)
{
	struct hall *hall = arg;

	if (hall->retired && hall->count == 0)
		loop_stop(hall->loop);
}

void
postmaster_send(struct session *s)
{
	struct hall *hall = s->hall;

	/* A session that is a worker's for all its life never has one. */
	if (s->notices == NULL)
		return;
	hall->post.idle = all_sent;
	hall->post.arg = hall;
	transcript_post_send(&hall->post, &hall->store, s->notices);
	s->notices = NULL;
}

void
postmaster_end(struct session *s)
{
	struct transcript_notice *notice;

	while ((notice = s->notices) != NULL) {
		s->notices = notice->next;
		transcript_notice_free(notice);
	}
	transcript_free(s->transcript);
	s->transcript = NULL;
}
