/* cmd_rcpt.c - RCPT. */
#include "proxy/cmd_rcpt.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "classes/stage.h"
#include "proxy/client_limits.h"
#include "proxy/esmtp.h"
#include "proxy/filter_hook.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/queue_id.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/smtputf8.h"
#include "proxy/trace_log.h"
#include "rules/address.h"

bool
cmd_rcpt_blocks(const struct session *s)
{
	return stage_blocks(s->service->rules, STAGE_RCPT) ||
	    milter_hook_blocks(s) || filter_hook_blocks(s);
}

static enum smtp_command_result
refuse(struct session *s, unsigned class, const char *reply)
{
	session_reply(s, "%s", reply);
	postmaster_blame(s, class);
	return SMTP_COMMAND_FAILED;
}

/* NULL: fine; else the reply. */
static const char *
read_option(struct session *s, const char *word, struct mail_rcpt *rcpt)
{
	bool notify = strncasecmp(word, "NOTIFY=", 7) == 0;

	if (!notify && strncasecmp(word, "ORCPT=", 6) != 0)
		return arena_printf(
		    session_arena(s), "555 5.5.4 Unsupported option: %s", word);
	if (!(s->keywords & SMTP_SERVICE_DSN))
		return "501 5.7.1 DSN support is disabled";
	if (notify) {
		if (rcpt->notify == 0 &&
		    (rcpt->notify = esmtp_notify(word + 7)) != 0)
			return NULL;
		event(&proxy_events_bad_notify, &s->by_itself, "value",
		    word + 7, NULL);
		return "501 5.5.4 Error: Bad NOTIFY parameter syntax";
	}
	if (*rcpt->orcpt != '\0' || !esmtp_orcpt(session_arena(s), word + 6))
		return "501 5.5.4 Error: Bad ORCPT parameter syntax";
	rcpt->orcpt = word + 6;
	return NULL;
}

static const char *
read_recipient(struct session *s)
{
	const char *text = s->words.word[2], *rest = NULL;
	unsigned flags = s->mail->utf8 || s->service->local ? ADDRESS_UTF8 : 0;
	char *address;

	if (s->params->strict_rfc821_envelopes)
		flags |= ADDRESS_STRICT;
	address = address_path(session_arena(s), text, flags, &rest);
	if (address != NULL && address[0] != '\0' &&
	    (rest[0] == '\0' || rest[0] == '>') &&
	    (s->service->local ||
		address_valid_domain(session_arena(s), address)))
		return address;
	if (address_closed(text))
		event(&proxy_events_bad_address, &s->by_itself, "client",
		    s->client, "command", "RCPT", "address", text, NULL);
	return NULL;
}

static const char *
out_of_order(struct session *s)
{
	if (s->mail == NULL)
		return "503 5.5.1 Error: need MAIL command";
	if (s->chunk.chunks != SESSION_CHUNKS_NONE)
		return "503 5.5.1 Error: RCPT after BDAT";
	if (s->words.count < 3 || strcasecmp(s->words.word[1], "TO:") != 0)
		return "501 5.5.4 Syntax: RCPT TO:<address>";
	return NULL;
}

static enum smtp_command_result
too_many(struct session *s)
{
	session_reply(s, "452 4.5.3 Error: too many recipients");
	postmaster_blame(s, TRANSCRIPT_POLICY);
	if (s->overshoot++ < s->params->smtpd_recipient_overshoot_limit)
		return SMTP_COMMAND_DONE;
	return SMTP_COMMAND_FAILED;
}

/* There is nobody to be told about one recipient: the message waits until the
 * milter is set up for such mail, as in Postfix. */
static const char *
not_from_here(struct session *s)
{
	event_warning(&s->by,
	    "milter configuration error: can't reject recipient in "
	    "non-smtpd(8) submission");
	return "451 4.3.5 Server configuration problem - try again later";
}

static enum smtp_command_result
judge(struct session *s, const struct mail_rcpt *rcpt)
{
	struct subject *f = &s->subject;
	const char *before = f->recipient;
	enum smtp_command_result result;
	const char *reply;

	f->recipient = rcpt->address;
	result = judge_stage(s, STAGE_RCPT);
	if (result == SMTP_COMMAND_FAILED)
		(void)milter_hook_rcpt(s, s->refusal);
	else if (result == SMTP_COMMAND_DONE &&
	    (reply = milter_hook_rcpt(s, NULL)) != NULL)
		result = refuse(s, TRANSCRIPT_POLICY,
		    s->service->local ? not_from_here(s) : reply);
	f->recipient = before;
	return result;
}

enum smtp_command_result
cmd_rcpt_run(struct session *s)
{
	struct mail_rcpt rcpt = { .orcpt = "" };
	const char *reply = out_of_order(s);
	enum smtp_command_result result;
	struct mail *mail = s->mail;

	if (reply != NULL)
		return refuse(s, TRANSCRIPT_PROTOCOL, reply);
	if (client_limits_reached(s, CLIENT_EVENT_RCPT))
		return SMTP_COMMAND_FAILED;
	rcpt.address = read_recipient(s);
	if (rcpt.address == NULL)
		return refuse(s, TRANSCRIPT_PROTOCOL,
		    "501 5.1.3 Bad recipient address syntax");
	for (size_t i = 3; i < s->words.count; i++)
		if ((reply = read_option(s, s->words.word[i], &rcpt)) != NULL)
			return refuse(s, TRANSCRIPT_PROTOCOL, reply);
	if ((reply = smtputf8_refusal(s, mail->utf8, rcpt.address)) != NULL)
		return refuse(s, TRANSCRIPT_PROTOCOL, reply);
	if (mail->nrcpts >= (size_t)s->params->smtpd_recipient_limit)
		return too_many(s);
	result = judge(s, &rcpt);
	if (result != SMTP_COMMAND_DONE)
		return result;
	if (s->service->filters != NULL &&
	    (reply = filter_hook_rcpt(s)) != NULL)
		return refuse(s, TRANSCRIPT_SOFTWARE, reply);
	rcpt.classes = s->classes;
	mail_add_rcpt(mail, &rcpt);
	s->subject.recipient = mail->rcpts[mail->nrcpts - 1].address;
	s->subject.recipient_count = mail->nrcpts;
	/* What a filter gets is not ours. */
	if (s->service->filters == NULL)
		queue_id_open(s);
	trace_log_add(s, &(struct verdict){ .pass = true, .trace = s->passed });
	/* Log lines of the commands that follow name the first one. */
	s->subject.recipient = mail->rcpts[0].address;
	session_reply(s, "250 2.1.5 Ok");
	return SMTP_COMMAND_DONE;
}
