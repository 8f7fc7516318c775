/* cmd_helo.c - HELO, EHLO and LHLO. */
#include "proxy/cmd_helo.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proxy/ehlo_keywords.h"
#include "proxy/judge.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

bool
cmd_helo_blocks(const struct session *s)
{
	return stage_blocks(s->service->rules, STAGE_HELO) ||
	    milter_hook_blocks(s);
}

/* A milter's refusal is for MAIL and what follows, not for the greeting,
 * except that it shortens it: ${refused}. */
static enum smtp_command_result
greet(struct session *s, const char *protocol, bool *refused)
{
	enum smtp_command_result result;
	const char *refusal, *before = s->subject.protocol;

	if (s->words.count < 2) {
		session_reply(s, "501 Syntax: %s hostname", s->command->name);
		postmaster_blame(s, TRANSCRIPT_PROTOCOL);
		return SMTP_COMMAND_FAILED;
	}
	/* What a user says here is nobody's name. */
	if (s->service->local) {
		session_forget_mail(s);
		s->esmtp = protocol[0] == 'E';
		return SMTP_COMMAND_DONE;
	}
	session_set_helo(s, words_join(session_arena(s), &s->words, 1));
	s->subject.protocol = protocol;
	result = judge_stage(s, STAGE_HELO);
	if (result == SMTP_COMMAND_FAILED)
		session_set_helo(s, NULL);
	if (result != SMTP_COMMAND_DONE)
		return result;
	s->subject.protocol = before;
	refusal = milter_hook_helo(s);
	s->subject.protocol = protocol;
	if (refusal != NULL && strncmp(refusal, "421", 3) == 0) {
		session_reply(s, "%s", refusal);
		postmaster_blame(s, TRANSCRIPT_POLICY);
		return SMTP_COMMAND_FAILED;
	}
	postmaster_break(s);
	*refused = refusal != NULL && refusal[0] == '5';
	session_forget_mail(s);
	s->esmtp = strcmp(protocol, "SMTP") != 0;
	return SMTP_COMMAND_DONE;
}

/* A client that takes an LMTP server for one of SMTP would wait for one reply
 * where there are several. */
static enum smtp_command_result
refuse(struct session *s)
{
	session_reply(s, "500 5.5.1 Error: this is LMTP, send LHLO");
	postmaster_blame(s, TRANSCRIPT_PROTOCOL);
	return SMTP_COMMAND_FAILED;
}

enum smtp_command_result
cmd_helo_helo(struct session *s)
{
	bool refused = false;
	enum smtp_command_result result;

	if (s->service->lmtp)
		return refuse(s);
	result = greet(s, "SMTP", &refused);
	if (result == SMTP_COMMAND_DONE)
		session_reply(s, "250 %s", s->service->myhostname);
	return result;
}

static unsigned
announced(const struct session *s)
{
	unsigned on = s->keywords;

	if (s->service->tls == NULL || s->tls != NULL)
		on &= ~(unsigned)SMTP_SERVICE_STARTTLS;
	if (!s->may_xclient)
		on &= ~(unsigned)SMTP_SERVICE_XCLIENT;
	/* It is what LMTP is. */
	if (s->service->lmtp)
		on &= ~(unsigned)SMTP_SERVICE_PRDR;
	if (!s->may_verp)
		on &= ~(unsigned)SMTP_SERVICE_VERP;
	if (!s->may_xforward)
		on &= ~(unsigned)SMTP_SERVICE_XFORWARD;
	return on;
}

/* The table of smtpd_discard_ehlo_keyword_address_maps could not be asked. */
static enum smtp_command_result
do_not_know(struct session *s)
{
	const char *reply = arena_printf(session_arena(s),
	    "421 4.3.0 %s Server local data error", s->service->myhostname);

	event_warning(&s->by_itself,
	    "don't know what EHLO features to announce to %s", s->client);
	event(&proxy_events_data_error, &s->by, "where", "EHLO", "client",
	    s->client, "text", reply, NULL);
	session_reply(s, "%s", reply);
	postmaster_blame(s, TRANSCRIPT_DATA);
	return SMTP_COMMAND_FAILED;
}

static enum smtp_command_result
extended(struct session *s, const char *protocol)
{
	static const struct {
		unsigned bit;
		const char *text;
	} lines[] = {
		{ SMTP_SERVICE_PIPELINING, "PIPELINING" },
		{ SMTP_SERVICE_SIZE, "SIZE" },
		{ SMTP_SERVICE_VRFY, "VRFY" },
		{ SMTP_SERVICE_ETRN, "ETRN" },
		{ SMTP_SERVICE_STARTTLS, "STARTTLS" },
		{ SMTP_SERVICE_VERP, "XVERP" },
		{ SMTP_SERVICE_XCLIENT,
		    "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN "
		    "DESTADDR DESTPORT" },
		{ SMTP_SERVICE_XFORWARD,
		    "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT" },
		{ SMTP_SERVICE_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES" },
		{ SMTP_SERVICE_8BITMIME, "8BITMIME" },
		{ SMTP_SERVICE_DSN, "DSN" },
		{ SMTP_SERVICE_SMTPUTF8, "SMTPUTF8" },
		{ SMTP_SERVICE_CHUNKING, "CHUNKING" },
		{ SMTP_SERVICE_PRDR, "PRDR" },
	};
	long long most = (long long)s->params->message_size_limit;
	bool refused = false;
	enum smtp_command_result result = greet(s, protocol, &refused);
	struct buf text = { 0 };
	unsigned on;

	if (result != SMTP_COMMAND_DONE)
		return result;
	if (s->keywords_failed)
		return do_not_know(s);
	if (s->discarded != 0 && !(s->discarded & SMTP_SERVICE_SILENT))
		event(&proxy_events_ehlo, &s->by_itself, "keywords",
		    ehlo_keywords_print(s->discarded, session_arena(s)), NULL);
	on = announced(s);
	/* For one who may send no mail. */
	if (refused)
		on &= SMTP_SERVICE_ENHANCEDSTATUSCODES;
	buf_printf(&text, "250 %s", s->service->myhostname);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (!(on & lines[i].bit))
			continue;
		buf_printf(&text, "\n%s", lines[i].text);
		if (lines[i].bit == SMTP_SERVICE_SIZE && most > 0)
			buf_printf(&text, " %lld", most);
	}
	session_reply(s, "%s", buf_str(&text));
	buf_free(&text);
	return SMTP_COMMAND_DONE;
}

enum smtp_command_result
cmd_helo_ehlo(struct session *s)
{
	return s->service->lmtp ? refuse(s) : extended(s, "ESMTP");
}

enum smtp_command_result
cmd_helo_lhlo(struct session *s)
{
	return extended(s, "LMTP");
}
