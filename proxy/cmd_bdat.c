/* cmd_bdat.c - see cmd_bdat.h.
 *
 * A client may send chunk after chunk without waiting for a reply, so what
 * belongs to a chunk that is refused must come, and go, before the refusal is
 * said (RFC 3030, 2), and so must all chunks behind it. */
#include "proxy/cmd_bdat.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "proxy/cmd_data.h"
#include "proxy/filter_hook.h"
#include "proxy/intake.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

enum { LOG_MOST = 100 };

bool
cmd_bdat_blocks(const struct session *s)
{
	return s->chunk.chunks == SESSION_CHUNKS_NONE && cmd_data_blocks(s);
}

/* "BDAT count [LAST]" */
static bool
parse(struct session *s)
{
	const struct words *w = &s->words;
	uint64_t n = 0;

	if (w->count < 2 || w->count > 3 || w->word[1][0] == '\0')
		return false;
	for (const char *p = w->word[1]; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	s->chunk.size = s->chunk.left = n;
	s->chunk.last = w->count == 3;
	return w->count == 2 || strcasecmp(w->word[2], "LAST") == 0;
}

/* What follows would be taken for commands. */
static enum smtp_command_result
hang_up(struct session *s, const char *reply)
{
	session_reply(s, "%s", reply);
	postmaster_blame(s, TRANSCRIPT_PROTOCOL);
	return SMTP_COMMAND_FAILED;
}

static enum smtp_command_result
malformed(struct session *s)
{
	char *line = arena_strndup(
	    session_arena(s), s->line, strnlen(s->line, LOG_MOST));

	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			*p = '?';
	event(&proxy_events_bdat_syntax, &s->by_itself, "queue_id", s->by.qid,
	    "client", s->client, "line", line, NULL);
	return hang_up(s, "521 5.5.4 Syntax: BDAT count [LAST]");
}

/* In LMTP the last chunk has a reply for each recipient, if there are some or
 * not (RFC 2033, 4.3). */
static size_t
replies(const struct session *s)
{
	bool each = s->service->lmtp && s->chunk.last && s->mail != NULL;

	return each ? s->mail->nrcpts : 1;
}

/* The reply that stands in the output from ${at} on waits until the chunk has
 * come. */
static enum smtp_command_result
skip(struct session *s, size_t at)
{
	buf_reset(&s->chunk.reply);
	buf_put(&s->chunk.reply, s->out.data + at, s->out.len - at);
	buf_cut(&s->out, at);
	s->chunk.times = replies(s);
	s->chunk.chunks = SESSION_CHUNKS_REFUSED;
	s->phase = SESSION_SKIP;
	return SMTP_COMMAND_FAILED;
}

static enum smtp_command_result
refuse(struct session *s, unsigned class, const char *reply)
{
	size_t at = s->out.len;

	session_reply(s, "%s", reply);
	postmaster_blame(s, class);
	return skip(s, at);
}

/* The first chunk is asked about as DATA is, but for what the postmaster is told:
 * nothing of chunks out of turn, as in Postfix. */
static enum smtp_command_result
begin(struct session *s)
{
	size_t at = s->out.len;
	enum smtp_command_result result;
	const char *reply;

	if (s->mail == NULL)
		return refuse(s, 0, "503 5.5.1 Error: need RCPT command");
	if (s->mail->nrcpts == 0)
		return refuse(s, 0,
		    s->service->lmtp ? "503 5.5.1 Error: no valid recipients"
				     : "554 5.5.1 Error: no valid recipients");
	s->subject.bdat = true;
	result = judge_stage(s, STAGE_DATA);
	if (result == SMTP_COMMAND_FAILED)
		return skip(s, at);
	if (result != SMTP_COMMAND_DONE)
		return result;
	reply = milter_hook_data(s);
	if (reply == NULL && s->service->filters != NULL)
		reply = filter_hook_data(s);
	return reply != NULL ? refuse(s, TRANSCRIPT_POLICY, reply)
			     : SMTP_COMMAND_DONE;
}

static bool
too_large(const struct session *s)
{
	uint64_t most = (uint64_t)s->params->message_size_limit;
	uint64_t so_far =
	    s->chunk.chunks == SESSION_CHUNKS_TAKEN ? s->mail->message.size : 0;

	return most > 0 && (so_far > most || s->chunk.size > most - so_far);
}

enum smtp_command_result
cmd_bdat_run(struct session *s)
{
	enum smtp_command_result result;

	if (!(s->keywords & SMTP_SERVICE_CHUNKING))
		return hang_up(s, "521 5.5.1 Error: command not implemented");
	if (!parse(s))
		return malformed(s);
	if (s->chunk.size == 0 && !s->chunk.last) {
		event(&proxy_events_bdat_null, &s->by_itself, "queue_id",
		    s->by.qid, "client", s->client, NULL);
		return refuse(s, 0, "551 5.7.1 Null BDAT request");
	}
	if (s->chunk.chunks == SESSION_CHUNKS_REFUSED)
		return refuse(s, 0,
		    arena_printf(session_arena(s),
			"551 5.0.0 Discarded %" PRIu64
			" bytes after earlier error",
			s->chunk.size));
	if (s->chunk.chunks == SESSION_CHUNKS_NONE) {
		result = begin(s);
		if (result != SMTP_COMMAND_DONE)
			return result;
	}
	if (too_large(s)) {
		event(&proxy_events_bdat_large, &s->by_itself, "queue_id",
		    s->by.qid, "client", s->client, NULL);
		return refuse(s, TRANSCRIPT_POLICY,
		    "552 5.3.4 Chunk exceeds message size limit");
	}
	if (s->chunk.chunks == SESSION_CHUNKS_NONE) {
		s->chunk.chunks = SESSION_CHUNKS_TAKEN;
		intake_begin(s);
	}
	s->phase = SESSION_BODY;
	return SMTP_COMMAND_LATER;
}

void
cmd_bdat_skipped(struct session *s)
{
	for (; s->chunk.times > 0; s->chunk.times--)
		buf_put(&s->out, s->chunk.reply.data, s->chunk.reply.len);
	buf_free(&s->chunk.reply);
	if (s->chunk.last)
		session_forget_mail(s);
	s->phase = SESSION_COMMAND;
}
