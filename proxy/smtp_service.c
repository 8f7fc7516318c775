/* smtp_service.c - see smtp_service.h. */
#include "proxy/smtp_service.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/master.h"
#include "base/tls.h"
#include "checks/site.h"
#include "classes/stage.h"
#include "proxy/ehlo_keywords.h"
#include "proxy/filter_setting.h"
#include "proxy/local_clients.h"
#include "proxy/milter_setting.h"
#include "proxy/submitter.h"
#include "queue/verp.h"
#include "rules/match.h"
#include "rules/route.h"
#include "rules/table_list.h"
#include "rules/utf8_class.h"

static const char *
text_of(struct smtp_service *s, const char *name, struct err *all)
{
	struct err err = { 0 };
	const char *text = conf_get(s->conf, name, s->arena, &err);

	err_move(all, &err);
	return text != NULL ? text : "";
}

static struct match *
list_of(
    struct smtp_service *s, const char *text, const char *name, struct err *all)
{
	struct err err = { 0 };
	struct match *match = match_open(text, name, 0, s->conf, &err);

	conf_blame(s->conf, name, &err);
	err_move(all, &err);
	return match;
}

/* The parameters as they are, and as they are under stress. */
static int
read_params(struct smtp_service *s, struct err *err)
{
	struct conf *view = conf_view(s->conf);
	int r;

	conf_set(view, "stress", "yes", (struct origin){ NULL, 0 });
	r = param_load(&proxy_params_table, s->conf, s->arena, &s->calm, err);
	if (r == 0)
		r = param_load(
		    &proxy_params_table, view, s->arena, &s->stressed, err);
	conf_free(view);
	return r;
}

static void
read_keywords(struct smtp_service *s, struct err *err)
{
	s->discarded = ehlo_keywords_parse(
	    s->calm.smtpd_discard_ehlo_keywords, s->arena, err);
	if (err->text[0] != '\0')
		err_add(err, "smtpd_discard_ehlo_keywords");
	s->keywords = ~0u;
	if (s->calm.disable_vrfy_command)
		s->keywords &= ~(unsigned)SMTP_SERVICE_VRFY;
	if (!s->calm.smtputf8_enable)
		s->keywords &= ~(unsigned)SMTP_SERVICE_SMTPUTF8;
	if (!s->calm.weir_prdr)
		s->keywords &= ~(unsigned)SMTP_SERVICE_PRDR;
}

static void
read_utf8(struct smtp_service *s, struct err *all)
{
	struct err err = { 0 };
	unsigned classes = utf8_class_read(s->conf, s->arena, &err);

	s->detects_utf8 =
	    (classes & (s->local ? UTF8_CLASS_SENDMAIL : UTF8_CLASS_SMTPD)) !=
	    0;
	conf_blame(s->conf, "smtputf8_autodetect_classes", &err);
	err_move(all, &err);
}

/* The same by client address. */
static void
read_keyword_maps(struct smtp_service *s, struct err *all)
{
	struct err err = { 0 };

	s->discard_maps = table_list_open(
	    s->calm.smtpd_discard_ehlo_keyword_address_maps,
	    "smtpd_discard_ehlo_keyword_address_maps", s->conf, s->arena, &err);
	conf_blame(s->conf, "smtpd_discard_ehlo_keyword_address_maps", &err);
	err_move(all, &err);
}

static void
read_command_filter(struct smtp_service *s, struct err *all)
{
	const char *text = s->calm.smtpd_command_filter;
	struct err err = { 0 };

	if (*text == '\0' || s->local)
		return;
	s->command_filter = table_list_open_as(text, "smtpd_command_filter",
	    s->conf, TABLE_KEEP_CASE, s->arena, &err);
	conf_blame(s->conf, "smtpd_command_filter", &err);
	err_move(all, &err);
}

/* Who says it wrong has nobody taken for a client that is not. */
static void
read_upstream(struct smtp_service *s, struct err *err)
{
	const char *protocol = s->calm.smtpd_upstream_proxy_protocol;

	s->upstream = *protocol != '\0' && !s->local;
	if (s->upstream && strcasecmp(protocol, "haproxy") != 0)
		err_set(err, "unsupported smtpd_upstream_proxy_protocol: %s",
		    protocol);
}

static void
read_newline(struct smtp_service *s, struct err *err)
{
	static const struct {
		const char *name;
		enum smtp_service_newline newline;
	} values[] = {
		{ "normalize", SMTP_SERVICE_NEWLINE_NORMALIZE },
		{ "yes", SMTP_SERVICE_NEWLINE_NORMALIZE },
		{ "reject", SMTP_SERVICE_NEWLINE_REJECT },
		{ "note", SMTP_SERVICE_NEWLINE_NOTE },
		{ "no", SMTP_SERVICE_NEWLINE_ANY },
	};
	const char *value = s->calm.smtpd_forbid_bare_newline;

	s->newline = SMTP_SERVICE_NEWLINE_NORMALIZE;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (strcasecmp(value, values[i].name) == 0) {
			s->newline = values[i].newline;
			return;
		}
	err_set(err, "bad value: smtpd_forbid_bare_newline = %s", value);
}

static void
read_overrides(struct smtp_service *s, struct err *err)
{
	const char *p = s->calm.receive_override_options, *word;

	while ((word = conf_word(&p, s->arena)) != NULL) {
		if (strcasecmp(word, "no_address_mappings") == 0)
			s->no_address_mappings = true;
		else if (strcasecmp(word, "no_header_body_checks") == 0)
			s->content.unchecked = true;
		else if (strcasecmp(word, "no_milters") == 0)
			s->no_milters = true;
		else if (strcasecmp(word, "no_unknown_recipient_checks") != 0)
			err_set(err,
			    "receive_override_options: unknown option \"%s\"",
			    word);
	}
}

static void
read_milters(struct smtp_service *s, struct err *all)
{
	struct err err = { 0 };

	if (s->no_milters)
		return;
	s->milters = milter_setting_open(&s->calm,
	    s->local ? "non_smtpd_milters" : "smtpd_milters", s->conf, s->arena,
	    &err);
	err_move(all, &err);
	if (!milter_setting_idle(s->milters))
		return;
	milter_setting_close(s->milters);
	s->milters = NULL;
}

static void
read_filters(struct smtp_service *s, struct err *all)
{
	struct err err = { 0 };

	s->filters = filter_setting_read(&s->calm, s->conf, s->arena, &err);
	s->verbatim = s->filters != NULL && !s->filters->chain;
	/* A filter has one answer, and gets MAIL as the client wrote it. */
	if (s->filters != NULL)
		s->keywords &= ~(unsigned)SMTP_SERVICE_PRDR;
	err_move(all, &err);
}

static void
read_content(struct smtp_service *s, struct err *all)
{
	struct err err = { 0 };

	read_keywords(s, &err);
	err_move(all, &err);
	read_keyword_maps(s, all);
	read_utf8(s, all);
	read_command_filter(s, all);
	read_upstream(s, &err);
	err_move(all, &err);
	read_newline(s, &err);
	err_move(all, &err);
	if (!full_name_format(s->calm.header_from_format, &s->from_format))
		err_set(&err,
		    "header_from_format: \"%s\" is neither "
		    "standard nor obsolete",
		    s->calm.header_from_format);
	err_move(all, &err);
	read_overrides(s, &err);
	err_move(all, &err);
	read_filters(s, all);
	s->content.unchecked |= s->verbatim;
	s->content.maps = !s->no_address_mappings;
	message_rules_open(&s->content, s->conf, &s->calm, s->arena, &err);
	err_move(all, &err);
	read_milters(s, all);
}

/* By default they are relay_domains, whose mistakes the route has told of. */
static struct match *
flush_domains(struct smtp_service *s, struct err *all)
{
	static const char name[] = "fast_flush_domains";
	const char *text = text_of(s, name, all);
	struct err err = { 0 };
	struct match *match =
	    match_open(text, name, match_style(s->conf, name), s->conf, &err);

	conf_blame(s->conf, name, &err);
	if (strcmp(text, text_of(s, "relay_domains", all)) != 0)
		err_move(all, &err);
	return match;
}

static void
read_lists(struct smtp_service *s, struct err *all)
{
	const struct proxy_params *p = &s->calm;
	struct err err = { 0 };
	unsigned flags;

	s->mynetworks =
	    list_of(s, text_of(s, "mynetworks", all), "mynetworks", all);
	s->xclient = list_of(s, p->smtpd_authorized_xclient_hosts,
	    "smtpd_authorized_xclient_hosts", all);
	s->xforward = list_of(s, p->smtpd_authorized_xforward_hosts,
	    "smtpd_authorized_xforward_hosts", all);
	s->verp = list_of(s, p->smtpd_authorized_verp_clients,
	    "smtpd_authorized_verp_clients", all);
	s->newline_exclusions =
	    list_of(s, p->smtpd_forbid_bare_newline_exclusions,
		"smtpd_forbid_bare_newline_exclusions", all);
	s->limit_exceptions = list_of(s, p->smtpd_client_event_limit_exceptions,
	    "smtpd_client_event_limit_exceptions", all);
	s->noop =
	    list_of(s, p->smtpd_noop_commands, "smtpd_noop_commands", all);
	s->forbidden = list_of(
	    s, p->smtpd_forbidden_commands, "smtpd_forbidden_commands", all);
	s->submitters = list_of(
	    s, p->authorized_submit_users, "authorized_submit_users", all);
	s->delimiters = text_of(s, "recipient_delimiter", all);
	s->login_senders = table_list_open(p->local_login_sender_maps,
	    "local_login_sender_maps", s->conf, s->arena, &err);
	err_move(all, &err);
	s->flush = flush_domains(s, all);
	s->local_clients = local_clients_open(p->local_header_rewrite_clients,
	    s->mynetworks, s->conf, s->arena, &err);
	err_move(all, &err);
	flags = match_flags(s->xclient) | match_flags(s->xforward) |
	    match_flags(s->verp) | match_flags(s->newline_exclusions) |
	    match_flags(s->limit_exceptions) |
	    table_list_flags(s->discard_maps) |
	    table_list_flags(s->login_senders) |
	    local_clients_flags(s->local_clients);
	s->lists_block = (flags & TABLE_MAY_BLOCK) != 0;
}

enum tls_level { TLS_LEVEL_NONE, TLS_LEVEL_MAY, TLS_LEVEL_ENCRYPT };

static enum tls_level
tls_level(const struct proxy_params *p, struct err *err)
{
	const char *level = p->smtpd_tls_security_level;

	if (p->smtpd_tls_wrappermode || strcasecmp(level, "encrypt") == 0)
		return TLS_LEVEL_ENCRYPT;
	if (strcasecmp(level, "may") == 0)
		return TLS_LEVEL_MAY;
	if (strcasecmp(level, "none") == 0)
		return TLS_LEVEL_NONE;
	if (*level != '\0')
		err_set(err, "bad value: smtpd_tls_security_level = %s", level);
	return p->smtpd_enforce_tls ? TLS_LEVEL_ENCRYPT
	    : p->smtpd_use_tls      ? TLS_LEVEL_MAY
				    : TLS_LEVEL_NONE;
}

static void
read_tls(struct smtp_service *s, struct err *all)
{
	const struct proxy_params *p = &s->calm;
	struct err err = { 0 };
	enum tls_level level = tls_level(p, &err);
	bool must = level == TLS_LEVEL_ENCRYPT;
	struct tls_settings settings = {
		.cert_file = p->smtpd_tls_cert_file,
		.key_file = p->smtpd_tls_key_file,
		.chain_files = p->smtpd_tls_chain_files,
		.ca_file = p->smtpd_tls_CAfile,
		.ca_path = p->smtpd_tls_CApath,
		.protocols = must ? p->smtpd_tls_mandatory_protocols
				  : p->smtpd_tls_protocols,
		.ciphers = must ? p->smtpd_tls_mandatory_ciphers
				: p->smtpd_tls_ciphers,
		.ask_ccert = p->smtpd_tls_ask_ccert,
		.req_ccert = must && p->smtpd_tls_req_ccert,
		.fingerprint_digest = p->smtpd_tls_fingerprint_digest,
		/* Postfix allows one more than it says. */
		.most_between = (unsigned)p->smtpd_tls_ccert_verifydepth + 1,
	};

	err_move(all, &err);
	s->tls_must = must;
	if (level == TLS_LEVEL_NONE)
		return;
	if (p->smtpd_tls_req_ccert && !must)
		event_warning(
		    NULL, "Can't require client certs unless TLS is required");
	s->tls = tls_server_new(&settings, &err);
	if (s->tls == NULL)
		err_add(
		    &err, "cannot set up TLS for service %s", s->master->name);
	err_move(all, &err);
}

static void
check_verp(const struct smtp_service *s, struct err *all)
{
	struct err err = { 0 };

	if (verp_is_valid(
		s->calm.default_verp_delimiters, s->calm.verp_delimiter_filter))
		return;
	err_set(&err,
	    "bad value: default_verp_delimiters = %s: not two characters of "
	    "verp_delimiter_filter",
	    s->calm.default_verp_delimiters);
	conf_blame(s->conf, "default_verp_delimiters", &err);
	err_move(all, &err);
}

static void
open_all(struct smtp_service *s, bool strict, struct err *all)
{
	const char *banner = s->calm.smtpd_banner;
	struct err err = { 0 };

	if (s->lmtp && !conf_is_set(s->conf, "smtpd_banner"))
		banner = "$myhostname LMTP $mail_name";
	s->myhostname = text_of(s, "myhostname", all);
	s->syslog_name = text_of(s, "syslog_name", all);
	s->mail_name = text_of(s, "mail_name", all);
	check_verp(s, all);
	/* As in Postfix, nobody is told of the mistakes of a user. */
	if (!s->local)
		transcript_notice_site(s->conf, s->arena, &s->told);
	s->original_recipients =
	    strcasecmp(text_of(s, "enable_original_recipient", all), "yes") ==
	    0;
	s->banner = conf_expand(s->conf, banner, s->arena, &err);
	if (err.text[0] != '\0')
		err_add(&err, "smtpd_banner");
	conf_blame(s->conf, "smtpd_banner", &err);
	err_move(all, &err);
	if (s->banner == NULL)
		s->banner = s->myhostname;
	/* A pickup service of Postfix has one process, but so many cleanups. */
	s->most_busy = s->master->maxproc >= 0 && !s->local
	    ? s->master->maxproc
	    : (int)strtol(text_of(s, "default_process_limit", all), NULL, 10);
	read_content(s, all);
	read_lists(s, all);
	read_tls(s, all);
	s->route = route_open(s->conf, &err);
	err_move(all, &err);
	if (!s->verbatim)
		s->content.route = s->route;
	s->rules = stage_compile(s->conf, s->route, strict, &err);
	err_move(all, &err);
	s->replies_block =
	    s->rules != NULL && site_reply_blocks(stage_site(s->rules));
}

static const char *const no_words[] = { NULL };

const struct master_service smtp_service_internal = {
	.name = "internal",
	.type = MASTER_UNIX,
	.private = "-",
	.unpriv = "-",
	.chroot = "-",
	.wakeup = "-",
	.maxproc = -1,
	.command = "cleanup",
	.args = no_words,
};

bool
smtp_service_is(const struct master_service *master)
{
	if (strcmp(master->command, "pickup") == 0)
		return master->type == MASTER_UNIX ||
		    master->type == MASTER_FIFO;
	return (master->type == MASTER_INET || master->type == MASTER_UNIX) &&
	    (strcmp(master->command, "smtpd") == 0 ||
		strcmp(master->command, "lmtpd") == 0);
}

struct smtp_service *
smtp_service_open(const struct master_service *master, struct conf *conf,
    bool strict, struct err *err)
{
	struct smtp_service *s = calloc(1, sizeof *s);
	struct err all = { 0 };

	if (s == NULL)
		fatal("out of memory");
	s->arena = arena_new();
	s->master = master;
	s->lmtp = strcmp(master->command, "lmtpd") == 0;
	s->internal = master == &smtp_service_internal;
	s->local = s->internal || strcmp(master->command, "pickup") == 0;
	s->program = s->lmtp ? "lmtpd"
	    : s->internal    ? "cleanup"
	    : s->local       ? "pickup"
			     : "smtpd";
	s->protocol = s->lmtp ? "LMTP" : s->local ? NULL : "SMTP";
	s->conf = master_view(master, conf);
	if (s->local)
		submitter_settle(s->conf, s->internal);
	if (read_params(s, err) < 0) {
		smtp_service_close(s);
		return NULL;
	}
	open_all(s, strict, &all);
	err_move(err, &all);
	if (s->rules == NULL || (strict && err->text[0] != '\0')) {
		smtp_service_close(s);
		return NULL;
	}
	return s;
}

void
smtp_service_close(struct smtp_service *s)
{
	struct match *lists[] = { s->mynetworks, s->xclient, s->xforward,
		s->verp, s->newline_exclusions, s->limit_exceptions, s->noop,
		s->forbidden, s->flush, s->submitters };

	if (s->rules != NULL)
		stage_free(s->rules);
	if (s->route != NULL)
		route_close(s->route);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (lists[i] != NULL)
			match_close(lists[i]);
	local_clients_close(s->local_clients);
	table_list_close(s->discard_maps);
	table_list_close(s->command_filter);
	if (s->login_senders != NULL)
		table_list_close(s->login_senders);
	message_rules_close(&s->content);
	milter_setting_close(s->milters);
	if (s->tls != NULL)
		tls_server_free(s->tls);
	conf_free(s->conf);
	arena_free(s->arena);
	free(s);
}
