/* cmd_mail.c - MAIL. */
#include "proxy/cmd_mail.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "proxy/client_limits.h"
#include "proxy/esmtp.h"
#include "proxy/hall.h"
#include "proxy/judge.h"
#include "proxy/local_clients.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/queue_id.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/smtputf8.h"
#include "proxy/submitter.h"
#include "queue/verp.h"
#include "rules/address.h"

/* What the parameters of MAIL say. */
struct options {
	const char *envid;
	const char *full_name;
	const char *verp; /* its delimiters */
	char ret;
	bool utf8, eight_bit, prdr, remote;
	enum envelope_trace trace;
	int64_t size;
};

bool
cmd_mail_blocks(const struct session *s)
{
	return stage_blocks(s->service->rules, STAGE_MAIL) ||
	    milter_hook_blocks(s) ||
	    ((s->tls != NULL || s->service->local) && s->service->lists_block);
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
read_size(const char *value, struct options *o)
{
	switch (esmtp_size(value, &o->size)) {
	case ESMTP_SIZE_OK:
		break;
	case ESMTP_SIZE_SYNTAX:
		return "501 5.5.4 Bad message size syntax";
	case ESMTP_SIZE_OVERFLOW:
		return "552 5.3.4 Message size exceeds file system imposed "
		       "limit";
	}
	return NULL;
}

static const char *
read_dsn(struct session *s, const char *word, struct options *o)
{
	if (!(s->keywords & SMTP_SERVICE_DSN))
		return "501 5.7.1 DSN support is disabled";
	if (strncasecmp(word, "RET=", 4) == 0) {
		if (o->ret != 0 || (o->ret = esmtp_ret(word + 4)) == 0)
			return "501 5.5.4 Bad RET parameter syntax";
		return NULL;
	}
	if (o->envid != NULL || !esmtp_envid(session_arena(s), word + 6))
		return "501 5.5.4 Bad ENVID parameter syntax";
	o->envid = word + 6;
	return NULL;
}

/* XVERP, or XVERP=xy, which sendmail(1) encodes as it does all values. */
static const char *
read_verp(struct session *s, const char *word, struct options *o)
{
	const struct smtp_service *service = s->service;
	const char *value = strchr(word, '=');

	if (value == NULL)
		o->verp = s->params->default_verp_delimiters;
	else
		o->verp = service->local
		    ? esmtp_xtext(session_arena(s), value + 1)
		    : value + 1;
	if (o->verp != NULL &&
	    verp_is_valid(o->verp, s->params->verp_delimiter_filter))
		return NULL;
	return arena_printf(session_arena(s),
	    "501 5.5.4 Error: XVERP needs two characters from %s",
	    s->params->verp_delimiter_filter);
}

static bool
is_verp(const struct session *s, const char *word)
{
	return (s->may_verp || s->service->local) &&
	    strncasecmp(word, "XVERP", 5) == 0 &&
	    (word[5] == '\0' || word[5] == '=');
}

/* What sendmail(1) says of a message, and no SMTP client can: the sender's full
 * name, that the message comes from elsewhere, and which report is wanted. */
static bool
read_local(struct session *s, const char *word, struct options *o)
{
	if (strcasecmp(word, "XREMOTE") == 0)
		o->remote = true;
	else if (strcasecmp(word, "XTRACE=ATTEMPT") == 0)
		o->trace = ENVELOPE_TRACE_ATTEMPT;
	else if (strcasecmp(word, "XTRACE=VERIFY") == 0)
		o->trace = ENVELOPE_TRACE_VERIFY;
	else if (strncasecmp(word, "XFULLNAME=", 10) == 0)
		o->full_name = esmtp_xtext(session_arena(s), word + 10);
	else
		return false;
	return true;
}

static const char *
read_option(struct session *s, const char *word, struct options *o)
{
	if (s->service->local && read_local(s, word, o))
		return NULL;
	if (strcasecmp(word, "BODY=8BITMIME") == 0) {
		o->eight_bit = true;
		return NULL;
	}
	if (strcasecmp(word, "BODY=7BIT") == 0) {
		o->eight_bit = false;
		return NULL;
	}
	if (strncasecmp(word, "SIZE=", 5) == 0)
		return read_size(word + 5, o);
	/* Postfix takes AUTH= where it has SASL, and so do clients count on
	 * it; nobody here is trusted with it (RFC 4954, 5). */
	if (strncasecmp(word, "AUTH=", 5) == 0)
		return esmtp_xtext(session_arena(s), word + 5) != NULL
		    ? NULL
		    : "501 5.5.4 Bad AUTH parameter syntax";
	if (strncasecmp(word, "RET=", 4) == 0 ||
	    strncasecmp(word, "ENVID=", 6) == 0)
		return read_dsn(s, word, o);
	if (smtputf8_is_word(s, word))
		return NULL;
	if (is_verp(s, word))
		return read_verp(s, word, o);
	if (strcasecmp(word, "PRDR") == 0 && !s->service->lmtp &&
	    (s->keywords & SMTP_SERVICE_PRDR)) {
		o->prdr = true;
		return NULL;
	}
	return arena_printf(
	    session_arena(s), "555 5.5.4 Unsupported option: %s", word);
}

static bool
wants_utf8(const struct session *s)
{
	for (size_t i = 3; i < s->words.count; i++)
		if (smtputf8_is_word(s, s->words.word[i]))
			return true;
	return false;
}

static char *
read_sender(struct session *s, bool utf8)
{
	const char *text = s->words.word[2], *rest = NULL;
	unsigned flags = ADDRESS_EMPTY_OK;
	char *sender;

	if (s->params->strict_rfc821_envelopes)
		flags |= ADDRESS_STRICT;
	if (utf8 || s->service->local)
		flags |= ADDRESS_UTF8;
	sender = address_path(session_arena(s), text, flags, &rest);
	if (sender != NULL && (rest[0] == '\0' || rest[0] == '>') &&
	    (s->service->local ||
		address_valid_domain(session_arena(s), sender)))
		return sender;
	if (address_closed(text))
		event(&proxy_events_bad_address, &s->by_itself, "client",
		    s->client, "command", "MAIL", "address", text, NULL);
	return NULL;
}

/* Is there room for it, here and in the queue?  NULL, or the reply. */
static const char *
check_size(struct session *s, int64_t size, const char *sender)
{
	struct submit_way *store = &s->hall->store;
	int64_t most = s->params->message_size_limit;
	static const char large[] =
	    "552 5.3.4 Message size exceeds fixed limit";
	static const char full[] = "452 4.3.1 Insufficient system storage";
	const char *reply = NULL;

	if (most > 0 && size > most)
		reply = large;
	else if (!store->room(store->queue, (unsigned long long)size))
		reply = full;
	if (reply != NULL) {
		s->subject.sender = sender;
		session_log_reject(s, reply);
		s->subject.sender = NULL;
	}
	return reply;
}

static const char *
out_of_order(struct session *s, unsigned *blame)
{
	if (s->service->lmtp && s->helo == NULL)
		return "503 5.5.1 Error: send LHLO first";
	if (s->params->smtpd_helo_required && s->helo == NULL) {
		*blame = TRANSCRIPT_POLICY;
		return "503 5.5.1 Error: send HELO/EHLO first";
	}
	if (s->mail != NULL)
		return "503 5.5.1 Error: nested MAIL command";
	if (s->chunk.chunks != SESSION_CHUNKS_NONE)
		return "503 5.5.1 Error: MAIL after BDAT";
	if (s->words.count < 3 || strcasecmp(s->words.word[1], "FROM:") != 0)
		return "501 5.5.4 Syntax: MAIL FROM:<address>";
	return NULL;
}

static void
begin(struct session *s, const char *sender, const struct options *o)
{
	struct subject *f = &s->subject;
	struct mail *mail;

	/* Certificates and names are known only now. */
	f->arena = session_arena(s);
	if (s->tls != NULL)
		f->local_rewrite = local_clients_has(s->service->local_clients,
				       f, &s->peer) == TABLE_FOUND;
	mail = mail_new(s, sender);
	s->mail = mail;
	mail->line = arena_strdup(mail->arena, s->line);
	if (o->envid != NULL)
		mail->envid = arena_strdup(mail->arena, o->envid);
	if (o->verp != NULL)
		mail->verp = arena_strdup(mail->arena, o->verp);
	mail->ret = o->ret;
	mail->utf8 = o->utf8;
	mail->eight_bit = o->eight_bit;
	mail->prdr = o->prdr;
	mail->trace = o->trace;
	if (o->full_name != NULL)
		mail->full_name = arena_strdup(mail->arena, o->full_name);
	if (s->service->local)
		mail->local = !o->remote;
	f->sender = mail->sender;
	f->size = o->size;
	f->utf8 = o->utf8;
	f->instance = arena_printf(mail->arena, "%x.%llx.%x", s->by.number,
	    (unsigned long long)mail->arrival,
	    s->count[smtp_command_place(s->command)].all);
}

enum smtp_command_result
cmd_mail_run(struct session *s)
{
	unsigned blame = TRANSCRIPT_PROTOCOL;
	const char *reply = out_of_order(s, &blame), *sender;
	struct options o = { .utf8 = wants_utf8(s) };
	enum smtp_command_result result;

	if (reply != NULL)
		return refuse(s, blame, reply);
	if (client_limits_reached(s, CLIENT_EVENT_MAIL))
		return SMTP_COMMAND_FAILED;
	sender = read_sender(s, o.utf8);
	if (sender == NULL)
		return refuse(s, blame, "501 5.1.7 Bad sender address syntax");
	if (s->service->local && (reply = submitter_refusal(s, sender)) != NULL)
		return refuse(s, TRANSCRIPT_POLICY, reply);
	for (size_t i = 3; i < s->words.count; i++)
		if ((reply = read_option(s, s->words.word[i], &o)) != NULL)
			return refuse(s, blame, reply);
	if (o.verp != NULL && sender[0] == '\0')
		return refuse(s, blame,
		    "503 5.5.4 Error: XVERP requires non-null sender");
	if ((reply = check_size(s, o.size, sender)) != NULL)
		return refuse(s,
		    reply[0] == '4' ? TRANSCRIPT_RESOURCE : TRANSCRIPT_POLICY,
		    reply);
	begin(s, sender, &o);
	if (s->service->local)
		queue_id_open(s);
	result = judge_stage(s, STAGE_MAIL);
	if (result == SMTP_COMMAND_DONE &&
	    ((reply = smtputf8_refusal(s, o.utf8, sender)) != NULL ||
		(reply = milter_hook_mail(s)) != NULL))
		result = refuse(s, TRANSCRIPT_POLICY, reply);
	if (result == SMTP_COMMAND_DONE &&
	    !s->params->smtpd_delay_open_until_valid_rcpt &&
	    s->service->filters == NULL)
		queue_id_open(s);
	if (result == SMTP_COMMAND_DONE)
		session_reply(s, "250 2.1.0 Ok");
	else
		session_forget_mail(s);
	return result;
}
