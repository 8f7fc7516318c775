/* site.c - see site.h. */
#include "checks/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/net.h"
#include "rules/match.h"
#include "rules/own.h"
#include "rules/table.h"

void
site_complain(
    struct err *err, const char *file, unsigned line, const char *format, ...)
{
	char text[sizeof err->text];
	size_t used;
	va_list ap;

	if (err == NULL)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	used = strlen(err->text);
	if (used > 0 && used + 1 < sizeof err->text)
		err->text[used++] = '\n';
	if (file != NULL)
		(void)snprintf(err->text + used, sizeof err->text - used,
		    "%s:%u: %s", file, line, text);
	else
		(void)snprintf(
		    err->text + used, sizeof err->text - used, "%s", text);
}

/* Complain about the value of parameter ${name}. */
static void
complain(
    struct err *err, struct conf *conf, const char *name, const struct err *why)
{
	struct conf_value value = { 0 };

	if (why->text[0] == '\0')
		return;
	(void)conf_find(conf, name, &value);
	site_complain(err, value.origin.file, value.origin.line, "%s: %s", name,
	    why->text);
}

/* The same where the reason begins with the name. */
static void
complain_of(
    struct err *err, struct conf *conf, const char *name, struct err *why)
{
	conf_blame(conf, name, why);
	if (why->text[0] != '\0')
		site_complain(err, NULL, 0, "%s", why->text);
}

/* The expanded value of a parameter of any directory; "" if unusable. */
static const char *
text_of(struct site *site, struct conf *conf, const char *name, struct err *err)
{
	struct err why = { 0 };
	const char *text = conf_get(conf, name, site->arena, &why);

	complain(err, conf, name, &why);
	return text != NULL ? text : "";
}

static struct match *
match_of(struct conf *conf, const char *name, const char *text, unsigned flags,
    struct err *err)
{
	struct err why = { 0 };
	struct match *match = match_open(text, name, flags, conf, &why);

	complain_of(err, conf, name, &why);
	return match;
}

static struct table_list *
tables_of(struct site *site, struct conf *conf, const char *name,
    const char *text, struct err *err)
{
	struct err why = { 0 };
	struct table_list *list =
	    table_list_open(text, name, conf, site->arena, &why);

	complain(err, conf, name, &why);
	return list;
}

/* "defer_if_permit" or "defer", with which a rejection stays one. */
static enum answer_kind
tempfail_of(
    struct conf *conf, const char *name, const char *text, struct err *err)
{
	struct err why = { 0 };

	if (strcasecmp(text, "defer") == 0)
		return ANSWER_REJECT;
	if (strcasecmp(text, "defer_if_permit") != 0) {
		err_set(
		    &why, "bad value \"%s\": defer_if_permit or defer", text);
		complain(err, conf, name, &why);
	}
	return ANSWER_DEFER_IF_PERMIT;
}

/* Whether ${text}, a list, has the word ${word}. */
static bool
has_word(struct site *site, const char *text, const char *word)
{
	const char *item;

	while ((item = conf_word(&text, site->arena)) != NULL)
		if (strcasecmp(item, word) == 0)
			return true;
	return false;
}

/* What mail passes before it is ours, so that no action on it can be asked for:
 * smtpd_proxy_filter, or the next of weir_proxy_filters; "": nothing. */
static const char *
proxy_filter(struct site *site, struct conf *conf, struct err *err)
{
	const char *one = text_of(site, conf, "smtpd_proxy_filter", err);
	const char *list = text_of(site, conf, "weir_proxy_filters", err);
	const char *passed =
	    text_of(site, conf, "weir_proxy_filters_passed", err);
	const char *next = conf_word(&list, site->arena);

	if (one[0] != '\0')
		return one;
	for (long n = strtol(passed, NULL, 10); n > 0 && next != NULL; n--)
		next = conf_word(&list, site->arena);
	return next != NULL ? next : "";
}

/* smtpd_expansion_filter has C escapes, so that it can name a blank. */
static const char *
unescape(struct site *site, const char *text)
{
	struct buf out = { 0 };
	const char *copy;

	for (; *text != '\0'; text++) {
		char *end;
		long octal;
		char digits[4] = "";

		if (*text != '\\' || text[1] == '\0') {
			buf_putc(&out, *text);
			continue;
		}
		text++;
		memcpy(digits, text, strnlen(text, 3));
		octal = strtol(digits, &end, 8);
		if (end != digits && octal > 0 && octal < 256) {
			buf_putc(&out, (char)octal);
			text += end - digits - 1;
		} else if (strchr("tnrbf", *text) != NULL) {
			buf_putc(&out,
			    "\t\n\r\b\f"[strchr("tnrbf", *text) - "tnrbf"]);
		} else {
			buf_putc(&out, *text);
		}
	}
	copy = arena_strdup(site->arena, buf_str(&out));
	buf_free(&out);
	return copy;
}

/* "dunno", or "defer", which is a refusal of its own. */
static enum answer_kind
away_of(struct conf *conf, const char *name, const char *text, struct err *err)
{
	struct err why = { 0 };

	if (strcasecmp(text, "defer") == 0)
		return ANSWER_REJECT;
	if (strcasecmp(text, "dunno") != 0) {
		err_set(&why, "bad value \"%s\": dunno or defer", text);
		complain(err, conf, name, &why);
	}
	return ANSWER_DUNNO;
}

static void
read_memory(struct site *site, struct conf *conf, struct err *err)
{
	static const char window[] = "weir_greylist_retry_window";
	const struct checks_params *p = &site->params;
	struct err why = { 0 };

	site->greylist_clients = match_of(conf, "weir_greylist_clients",
	    p->weir_greylist_clients, MATCH_PARENT, err);
	site->greylist_domains = match_of(conf, "weir_greylist_domains",
	    p->weir_greylist_domains, MATCH_PARENT, err);
	site->greylist_recipients = match_of(conf, "weir_greylist_recipients",
	    p->weir_greylist_recipients, MATCH_PARENT, err);
	site->greylist_away =
	    away_of(conf, "weir_greylist_away", p->weir_greylist_away, err);
	site->rate_limit_away =
	    away_of(conf, "weir_rate_limit_away", p->weir_rate_limit_away, err);
	if (p->weir_greylist_retry_window > p->weir_greylist_delay)
		return;
	err_set(&why,
	    "nobody passes who must come again sooner than after "
	    "weir_greylist_delay");
	complain(err, conf, window, &why);
}

static void
read_actions(struct site *site, struct conf *conf, struct err *err)
{
	const struct checks_params *p = &site->params;

	site->helo_tempfail =
	    tempfail_of(conf, "unknown_helo_hostname_tempfail_action",
		p->unknown_helo_hostname_tempfail_action, err);
	site->address_tempfail =
	    tempfail_of(conf, "unknown_address_tempfail_action",
		p->unknown_address_tempfail_action, err);
	site->unverified_sender_tempfail =
	    tempfail_of(conf, "unverified_sender_tempfail_action",
		p->unverified_sender_tempfail_action, err);
	site->unverified_recipient_tempfail =
	    tempfail_of(conf, "unverified_recipient_tempfail_action",
		p->unverified_recipient_tempfail_action, err);
}

/* A style that is none is a mistake, and as good as "host". */
static const char *
mynetworks_of(struct site *site, struct conf *conf, struct err *err)
{
	static const char name[] = "mynetworks_style";
	const char *style = text_of(site, conf, name, err);
	struct err why = { 0 };

	if (!conf_is_set(conf, "mynetworks") && strcmp(style, "host") != 0 &&
	    strcmp(style, "subnet") != 0 && strcmp(style, "class") != 0) {
		err_set(&why, "bad value \"%s\": host, subnet or class", style);
		complain(err, conf, name, &why);
	}
	return text_of(site, conf, "mynetworks", err);
}

/* Names of files say only that the answers are to be kept. */
static void
check_verify_map(const struct checks_params *p)
{
	static const char *const types[] = { "btree:", "hash:", "lmdb:" };
	const char *map = p->address_verify_map;
	size_t i = 0, n = sizeof types / sizeof types[0];

	while (i < n && strncmp(map, types[i], strlen(types[i])) != 0)
		i++;
	if (i == n)
		event_warning(NULL,
		    "address_verify_map: \"%s\" is not used; answers are kept "
		    "in the state store",
		    map);
}

struct site *
site_open(struct conf *conf, struct route *route, struct err *err)
{
	struct arena *arena = arena_new();
	struct site *site = arena_alloc(arena, sizeof *site);
	const struct checks_params *p = &site->params;
	struct err why = { 0 }, own_err = { 0 };

	site->arena = arena;
	site->route = route;
	if (param_load(
		&checks_params_table, conf, arena, &site->params, &why) != 0) {
		site_complain(err, NULL, 0, "%s", why.text);
		site->broken = true;
	}
	site->mynetworks = match_of(
	    conf, "mynetworks", mynetworks_of(site, conf, err), 0, err);
	site->mx_backup_networks = match_of(conf, "permit_mx_backup_networks",
	    p->permit_mx_backup_networks, 0, err);
	site->relay_clientcerts = tables_of(
	    site, conf, "relay_clientcerts", p->relay_clientcerts, err);
	site->rbl_reply_maps =
	    tables_of(site, conf, "rbl_reply_maps", p->rbl_reply_maps, err);
	site->sender_login_maps = tables_of(site, conf,
	    "smtpd_sender_login_maps", p->smtpd_sender_login_maps, err);
	site->dns_reply_filter = tables_of(site, conf, "smtpd_dns_reply_filter",
	    p->smtpd_dns_reply_filter, err);
	site->reject_filter_maps = tables_of(site, conf,
	    "smtpd_reject_filter_maps", p->smtpd_reject_filter_maps, err);
	site->reject_footer_maps = tables_of(site, conf,
	    "smtpd_reject_footer_maps", p->smtpd_reject_footer_maps, err);
	site->spf_actions =
	    tables_of(site, conf, "weir_spf_actions", p->weir_spf_actions, err);
	site->expansion_filter = unescape(site, p->smtpd_expansion_filter);
	site->delimiters = text_of(site, conf, "recipient_delimiter", err);
	site->myhostname = text_of(site, conf, "myhostname", err);
	site->mail_version = text_of(site, conf, "mail_version", err);
	site->compatibility_level =
	    text_of(site, conf, "compatibility_level", err);
	site->proxy_filter = proxy_filter(site, conf, err);
	site->parent_domains = has_word(site,
	    text_of(site, conf, "parent_domain_matches_subdomains", err),
	    "smtpd_access_maps");
	site->own = own_read(conf, arena, &own_err);
	complain_of(err, conf, "inet_interfaces", &own_err);
	read_actions(site, conf, err);
	read_memory(site, conf, err);
	site->reputation_traps = match_of(conf, "weir_reputation_traps",
	    p->weir_reputation_traps, MATCH_PARENT, err);
	check_verify_map(p);
	return site;
}

void
site_close(struct site *site)
{
	if (site == NULL)
		return;
	match_close(site->mynetworks);
	match_close(site->mx_backup_networks);
	match_close(site->greylist_clients);
	match_close(site->greylist_domains);
	match_close(site->greylist_recipients);
	match_close(site->reputation_traps);
	table_list_close(site->relay_clientcerts);
	table_list_close(site->rbl_reply_maps);
	table_list_close(site->sender_login_maps);
	table_list_close(site->dns_reply_filter);
	table_list_close(site->reject_filter_maps);
	table_list_close(site->reject_footer_maps);
	table_list_close(site->spf_actions);
	arena_free(site->arena);
}

bool
site_blocks(const struct site *site)
{
	return ((match_flags(site->mynetworks) |
		    match_flags(site->mx_backup_networks) |
		    table_list_flags(site->relay_clientcerts) |
		    table_list_flags(site->rbl_reply_maps) |
		    table_list_flags(site->sender_login_maps) |
		    table_list_flags(site->dns_reply_filter) |
		    table_list_flags(site->spf_actions)) &
		   TABLE_MAY_BLOCK) != 0;
}

bool
site_memory_blocks(const struct site *site)
{
	return ((match_flags(site->greylist_clients) |
		    match_flags(site->greylist_domains) |
		    match_flags(site->greylist_recipients)) &
		   TABLE_MAY_BLOCK) != 0;
}

bool
site_reply_blocks(const struct site *site)
{
	return ((table_list_flags(site->reject_filter_maps) |
		    table_list_flags(site->reject_footer_maps)) &
		   TABLE_MAY_BLOCK) != 0;
}

bool
site_owns(const struct site *site, const struct net_addr *addr)
{
	return own_has(site->own, OWN_INTERFACES, addr);
}

int
site_number(const struct site *site, const char *name)
{
	const struct param_table *table = &checks_params_table;

	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].name, name) == 0 &&
		    table->rows[i].type == PARAM_count)
			return (int)*(
			    const param_count *)((const char *)&site->params +
			    table->rows[i].offset);
	return 550;
}
