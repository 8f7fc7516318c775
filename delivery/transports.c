/* transports.c - see transports.h. */
#include "delivery/transports.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/master.h"
#include "delivery/agent.h"
#include "delivery/transport.h"
#include "queue/job.h"

/* Each line of ${one} is a mistake of its own. */
static void
gather(struct err *all, const char *name, const struct err *one)
{
	const char *line = one->text;

	for (size_t n; *line != '\0'; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		err_also(all, "transport %s: %.*s", name, (int)n, line);
	}
}

/* clang-format off */
/* The way to filters before the queue that are tried again: as the SMTP server
 * talks to them, whatever main.cf says about other servers. */
static const struct master_option rescan_options[] = {
	{ .name = "disable_mime_output_conversion", .value = "yes" },
	{ .name = "smtp_bind_address", .value = "" },
	{ .name = "smtp_bind_address6", .value = "" },
	{ .name = "smtp_body_checks", .value = "" },
	{ .name = "smtp_connection_cache_destinations", .value = "" },
	{ .name = "smtp_connection_cache_on_demand", .value = "no" },
	{ .name = "smtp_delivery_status_filter", .value = "" },
	{ .name = "smtp_discard_ehlo_keyword_address_maps", .value = "" },
	{ .name = "smtp_discard_ehlo_keywords", .value = "" },
	{ .name = "smtp_enforce_tls", .value = "no" },
	{ .name = "smtp_fallback_relay", .value = "" },
	{ .name = "smtp_generic_maps", .value = "" },
	{ .name = "smtp_header_checks", .value = "" },
	{ .name = "smtp_helo_name", .value = "$smtpd_proxy_ehlo" },
	{ .name = "smtp_host_lookup", .value = "native" },
	{ .name = "smtp_line_length_limit", .value = "0" },
	{ .name = "smtp_mime_header_checks", .value = "" },
	{ .name = "smtp_nested_header_checks", .value = "" },
	{ .name = "smtp_pix_workaround_maps", .value = "" },
	{ .name = "smtp_pix_workarounds", .value = "" },
	{ .name = "smtp_reply_filter", .value = "" },
	{ .name = "smtp_sasl_auth_enable", .value = "no" },
	{ .name = "smtp_send_xforward_command", .value = "yes" },
	{ .name = "smtp_skip_5xx_greeting", .value = "yes" },
	{ .name = "smtp_tls_security_level", .value = "none" },
	{ .name = "smtp_use_tls", .value = "no" },
};
/* clang-format on */

static const char *const no_args[] = { NULL };

static const struct master_service rescan = {
	.name = job_rescan,
	.type = MASTER_UNIX,
	.private = "-",
	.unpriv = "-",
	.chroot = "-",
	.wakeup = "-",
	.maxproc = -1,
	.command = "smtp",
	.options = rescan_options,
	.noptions = sizeof rescan_options / sizeof rescan_options[0],
	.args = no_args,
};

static void
add(struct transports *all, const struct master_service *service,
    struct conf *conf, struct arena *arena, struct err *err)
{
	const struct agent *agent = agent_find(service->command);
	struct err one = { { 0 } };
	struct transport *t;

	if (service->type != MASTER_UNIX || agent == NULL)
		return;
	t = transport_open(service, agent, conf, arena, &one);
	if (t != NULL)
		all->list[all->count++] = t;
	if (one.text[0] != '\0')
		gather(err, service->name, &one);
}

struct transports *
transports_open(const struct master *master, struct conf *conf,
    struct arena *arena, struct err *err)
{
	struct transports *all = arena_alloc(arena, sizeof *all);

	all->list = arena_alloc(
	    arena, (master->count + 2) * sizeof(struct transport *));
	for (size_t i = 0; i < master->count; i++)
		add(all, &master->services[i], conf, arena, err);
	if (master_find(master, MASTER_UNIX, job_rescan) == NULL)
		add(all, &rescan, conf, arena, err);
	return all;
}

void
transports_close(struct transports *all, const struct conf *conf)
{
	for (size_t i = 0; i < all->count; i++)
		transport_close(all->list[i], conf);
	all->count = 0;
}
