/* cmd_simple.c - the commands that are a few lines each. */
#include "proxy/cmd_simple.h"

#include "base/dns.h"
#include "base/err.h"
#include "proxy/hall.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/smtputf8.h"
#include "queue/admin.h"
#include "rules/address.h"
#include "rules/match.h"

/* How long the queue may take to say that it has begun. */
enum { QUEUE_SECONDS = 10 };

static enum smtp_command_result
refuse(struct session *s, unsigned class, const char *reply)
{
	session_reply(s, "%s", reply);
	postmaster_blame(s, class);
	return SMTP_COMMAND_FAILED;
}

enum smtp_command_result
cmd_simple_auth(struct session *s)
{
	return refuse(s, TRANSCRIPT_PROTOCOL,
	    "503 5.5.1 Error: authentication not enabled");
}

enum smtp_command_result
cmd_simple_help(struct session *s)
{
	session_reply(s,
	    "214 2.0.0 %s STARTTLS MAIL RCPT DATA RSET NOOP VRFY ETRN "
	    "HELP QUIT",
	    s->service->lmtp ? "LHLO" : "HELO EHLO");
	return SMTP_COMMAND_DONE;
}

enum smtp_command_result
cmd_simple_noop(struct session *s)
{
	session_reply(s, "250 2.0.0 Ok");
	return SMTP_COMMAND_DONE;
}

enum smtp_command_result
cmd_simple_quit(struct session *s)
{
	session_reply(s, "221 2.0.0 Bye");
	s->hangup = true;
	return SMTP_COMMAND_DONE;
}

enum smtp_command_result
cmd_simple_rset(struct session *s)
{
	if (s->words.count != 1)
		return refuse(s, TRANSCRIPT_PROTOCOL, "501 5.5.4 Syntax: RSET");
	postmaster_break(s);
	session_forget_mail(s);
	session_reply(s, "250 2.0.0 Ok");
	return SMTP_COMMAND_DONE;
}

bool
cmd_simple_vrfy_blocks(const struct session *s)
{
	return stage_blocks(s->service->rules, STAGE_VRFY);
}

/* The address that VRFY is about, in internal form; NULL: it is none. */
static const char *
read_address(struct session *s, const char *text, bool utf8)
{
	struct arena *arena = session_arena(s);
	const char *rest = NULL, *address;

	address = address_path(arena, text, utf8 ? ADDRESS_UTF8 : 0, &rest);
	if (address != NULL && address[0] != '\0' && rest[0] == '\0' &&
	    address_valid_domain(arena, address))
		return address;
	event(&proxy_events_bad_address, &s->by_itself, "client", s->client,
	    "command", "VRFY", "address", text, NULL);
	return NULL;
}

enum smtp_command_result
cmd_simple_vrfy(struct session *s)
{
	struct subject *f = &s->subject;
	const char *before = f->recipient, *text, *refusal, *address;
	struct words words = s->words;
	bool utf8 = smtputf8_is_word(s, words.word[words.count - 1]);
	enum smtp_command_result result;

	words.count -= utf8;
	if (s->params->disable_vrfy_command)
		return refuse(
		    s, TRANSCRIPT_POLICY, "502 5.5.1 VRFY command is disabled");
	if ((refusal = milter_hook_standing(s)) != NULL)
		return refuse(s, TRANSCRIPT_POLICY, refusal);
	if (words.count < 2)
		return refuse(s, TRANSCRIPT_PROTOCOL,
		    s->params->smtputf8_enable
			? "501 5.5.4 Syntax: VRFY address [SMTPUTF8]"
			: "501 5.5.4 Syntax: VRFY address");
	text = words_join(session_arena(s), &words, 1);
	if ((address = read_address(s, text, utf8)) == NULL)
		return refuse(s, TRANSCRIPT_PROTOCOL,
		    "501 5.1.3 Bad recipient address syntax");
	if ((refusal = smtputf8_refusal(s, utf8, address)) != NULL)
		return refuse(s, TRANSCRIPT_POLICY, refusal);
	f->recipient = address;
	result = judge_stage(s, STAGE_VRFY);
	f->recipient = before;
	if (result == SMTP_COMMAND_DONE)
		session_reply(s, "252 2.0.0 %s", text);
	return result;
}

bool
cmd_simple_etrn_blocks(const struct session *s)
{
	/* The queue is asked. */
	return !match_empty(s->service->flush) ||
	    stage_blocks(s->service->rules, STAGE_ETRN);
}

/* Have what waits for ${domain} tried now. */
static int
flush(struct session *s, const char *domain, struct err *why)
{
	struct admin *admin =
	    admin_connect(s->hall->shared->admin_socket, QUEUE_SECONDS, why);
	int status;

	if (admin == NULL)
		return -1;
	status = admin_flush(admin, domain, why);
	admin_close(admin);
	return status;
}

static enum smtp_command_result
flush_domain(struct session *s, const char *domain)
{
	struct err why = { 0 };

	switch (match_domain(
	    s->service->flush, s->subject.world, session_arena(s), domain)) {
	case TABLE_NONE:
		event(&proxy_events_etrn, &s->by_itself, "domain", domain,
		    "client", s->client, NULL);
		session_reply(s, "459 <%s>: service unavailable", domain);
		return SMTP_COMMAND_FAILED;
	case TABLE_FOUND:
		if (flush(s, domain, &why) >= 0) {
			session_reply(s, "250 Queuing started");
			return SMTP_COMMAND_DONE;
		}
		break;
	case TABLE_FAILED:
		err_set(&why, "fast_flush_domains: table lookup problem");
		break;
	}
	event(&proxy_events_etrn_failed, &s->by_itself, "why", why.text, NULL);
	return refuse(s, TRANSCRIPT_RESOURCE, "458 Unable to queue messages");
}

enum smtp_command_result
cmd_simple_etrn(struct session *s)
{
	const char *domain = s->words.word[1];
	enum smtp_command_result result;
	const char *refusal = milter_hook_standing(s);

	if (refusal != NULL)
		return refuse(s, TRANSCRIPT_POLICY, refusal);
	if (s->params->smtpd_helo_required && s->helo == NULL)
		return refuse(
		    s, TRANSCRIPT_PROTOCOL, "503 Error: send HELO/EHLO first");
	if (s->mail != NULL)
		return refuse(s, TRANSCRIPT_PROTOCOL,
		    "503 Error: MAIL transaction in progress");
	if (s->words.count != 2)
		return refuse(
		    s, TRANSCRIPT_PROTOCOL, "500 Syntax: ETRN domain");
	if (domain[0] == '@' || domain[0] == '#')
		domain++;
	if (domain[0] != '[' && !dns_valid_hostname(domain, false))
		return refuse(s, TRANSCRIPT_PROTOCOL,
		    "501 Error: invalid parameter syntax");
	s->subject.etrn_domain = domain;
	result = judge_stage(s, STAGE_ETRN);
	s->subject.etrn_domain = NULL;
	return result == SMTP_COMMAND_DONE ? flush_domain(s, domain) : result;
}
