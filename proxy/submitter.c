/* submitter.c - see submitter.h. */
#include "proxy/submitter.h"

#include <pwd.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/conf.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/login_sender.h"
#include "rules/match.h"

enum { PASSWD_TEXT = 4096 };

struct setting {
	const char *name, *value;
};

/* clang-format off */
static const struct setting settings[] = {
	{ "smtpd_client_restrictions", "" },
	{ "smtpd_helo_restrictions", "" },
	{ "smtpd_sender_restrictions", "" },
	{ "smtpd_relay_restrictions", "check_client_access static:OK, reject" },
	{ "smtpd_recipient_restrictions", "" },
	{ "smtpd_data_restrictions", "" },
	{ "smtpd_end_of_data_restrictions", "" },
	{ "smtpd_etrn_restrictions", "reject" },
	{ "smtpd_reject_unlisted_sender", "no" },
	{ "smtpd_reject_unlisted_recipient", "no" },
	{ "smtpd_helo_required", "no" },
	{ "strict_rfc821_envelopes", "no" },
	{ "smtpd_noop_commands", "" },
	{ "smtpd_forbidden_commands", "" },
	{ "smtpd_discard_ehlo_keywords", "etrn, starttls, verp, xclient, xforward" },
	{ "smtpd_authorized_xclient_hosts", "" },
	{ "smtpd_authorized_xforward_hosts", "" },
	{ "smtpd_authorized_verp_clients", "" },
	{ "smtpd_forbid_bare_newline", "no" },
	{ "smtpd_forbid_unauth_pipelining", "no" },
	{ "smtpd_client_port_logging", "no" },
	{ "smtpd_reject_footer", "" },
	{ "smtpd_reject_footer_maps", "" },
	{ "smtpd_reject_filter_maps", "" },
	{ "smtpd_tls_security_level", "none" },
	{ "smtpd_tls_wrappermode", "no" },
	{ "smtpd_tls_ask_ccert", "no" },
	{ "smtpd_proxy_filter", "" },
	{ "weir_proxy_filters", "" },
	/* A user does not wait for a next hop. */
	{ "weir_cut_through", "no" },
	{ "weir_prdr", "no" },
	{ "smtpd_milters", "$non_smtpd_milters" },
	{ "smtpd_milter_maps", "" },
	/* A user may send to many, but not without end. */
	{ "smtpd_recipient_limit", "100000" },
	{ "smtpd_recipient_overshoot_limit", "1" },
	{ "smtpd_error_sleep_time", "0s" },
	{ "smtpd_hard_error_limit", "100" },
	{ "smtpd_junk_command_limit", "1000" },
	{ "smtpd_client_connection_rate_limit", "0" },
	{ "smtpd_client_message_rate_limit", "0" },
	{ "smtpd_client_recipient_rate_limit", "0" },
	{ "smtpd_client_event_limit_exceptions", "" },
};
/* clang-format on */

/* clang-format off */
static const struct setting internal_settings[] = {
	{ "content_filter", "" },
	{ "receive_override_options", "" },
	{ "always_bcc", "" },
	{ "sender_bcc_maps", "" },
	{ "recipient_bcc_maps", "" },
	{ "message_size_limit", "0" },
};
/* clang-format on */

static void
set_all(struct conf *view, const struct setting *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		conf_set(view, list[i].name, list[i].value,
		    (struct origin){ NULL, 0 });
}

void
submitter_settle(struct conf *view, bool internal)
{
	set_all(view, settings, sizeof settings / sizeof settings[0]);
	if (internal)
		set_all(view, internal_settings,
		    sizeof internal_settings / sizeof internal_settings[0]);
}

/* The name of the user; NULL: it has none. */
static const char *
name_of(uid_t uid, struct arena *arena)
{
	struct passwd pw, *found = NULL;
	char text[PASSWD_TEXT];

	if (getpwuid_r(uid, &pw, text, sizeof text, &found) != 0 ||
	    found == NULL)
		return NULL;
	return arena_strdup(arena, pw.pw_name);
}

static bool
allowed(struct session *s, const char *name)
{
	enum table_status status = match_string(
	    s->service->submitters, s->subject.world, session_arena(s), name);

	if (status == TABLE_FOUND)
		return true;
	if (status == TABLE_FAILED) {
		session_reply(s,
		    "421 4.3.0 %s Error: cannot ask who may "
		    "submit mail",
		    s->service->myhostname);
		return false;
	}
	event_warning(&s->by_itself,
	    "User %s(%u) is not allowed to submit mail", name, s->uid);
	session_reply(s, "521 5.7.1 User %s(%u) is not allowed to submit mail",
	    name, s->uid);
	return false;
}

/* Milters and logs want a client; this is the one that Postfix tells of. */
void
submitter_facts(struct session *s)
{
	struct subject *f = &s->subject;

	(void)net_parse("127.0.0.1", &f->client);
	f->client_addr = "127.0.0.1";
	f->client_port = "0";
	f->server_addr = "127.0.0.1";
	f->client_name = f->reverse_name = "localhost";
	f->name_status = f->reverse_status = SUBJECT_NAME_OK;
	f->origin = s->client = "local";
	f->protocol = NULL;
	f->local_rewrite = true;
	s->peer = f->client;
}

bool
submitter_identify(struct session *s)
{
	const char *name;
	struct ucred peer;
	socklen_t n = sizeof peer;

	submitter_facts(s);
	if (getsockopt(s->watch.fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) {
		session_reply(s, "421 4.3.0 %s Error: who are you?",
		    s->service->myhostname);
		return false;
	}
	s->uid = peer.uid;
	name = name_of(peer.uid, s->facts);
	/* Postfix has this name for all that have none. */
	return allowed(s, name != NULL ? name : "unknown");
}

/* 521, since it is the user who is barred, whatever the message is. */
static const char *
forbidden(struct session *s, const char *sender)
{
	event_warning(&s->by_itself,
	    "uid=%u: not authorized to use sender='%s'", s->uid, sender);
	return arena_printf(session_arena(s),
	    "521 5.7.1 %s(%u): not authorized to use sender='%s'", sender,
	    s->uid, sender);
}

const char *
submitter_refusal(struct session *s, const char *sender)
{
	const struct proxy_params *p = s->params;
	struct arena *arena = session_arena(s);
	struct login_sender who = { .login = name_of(s->uid, arena),
		.sender = sender,
		.delimiters = s->service->delimiters,
		.null = p->empty_address_local_login_sender_maps_lookup_key };

	if (who.login == NULL)
		who.login = arena_printf(arena, "uid:%u", s->uid);
	switch (login_sender_match(
	    s->service->login_senders, s->subject.world, arena, &who)) {
	case TABLE_FOUND:
		return NULL;
	case TABLE_NONE:
		return forbidden(s, sender);
	case TABLE_FAILED:
		break;
	}
	return "451 4.3.0 Error: cannot ask which senders a user may be";
}
