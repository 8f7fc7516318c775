/* stage_rig.h - a session that asks the engine: a configuration, a zone, and
 * what is logged. */
#ifndef T_STAGE_RIG_H
#define T_STAGE_RIG_H

#include <stdlib.h>
#include <unistd.h>

#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "checks/checks_params.h"
#include "checks/dnsbl_cache.h"
#include "checks/subject.h"
#include "classes/classes_params.h"
#include "classes/stage.h"
#include "rules/route.h"
#include "rules/rules_params.h"
#include "t/tap.h"
#include "t/testworld.h"

static const struct param_table *const tables[] = { &base_params_table,
	&rules_params_table, &checks_params_table, &classes_params_table,
	NULL };

static const char zone[] = "example.com A 192.0.2.1\n"
			   "mx.example.com MX 10 host.example.com\n"
			   "host.example.com A 192.0.2.2\n"
			   "nothing.example.com MX 0 .\n"
			   "broken.example.com SERVFAIL\n"
			   "2.2.0.192.bl.test A 127.0.0.2\n"
			   "2.2.0.192.bl.test TXT bad\twords here\n"
			   "2.2.0.192.dead.test SERVFAIL\n"
			   "*.error.test A 127.255.255.254\n"
			   "*.parked.test A 203.0.113.9\n"
			   "evil.example.rhs.test A 127.0.0.4\n"
			   "2.2.0.192.wl.test A 127.0.0.2\n";

static const char base[] = "myhostname = mail.example.com\n"
			   "mydestination = example.com\n"
			   "local_recipient_maps =\n"
			   "alias_maps =\n"
			   "mynetworks = 127.0.0.0/8\n"
			   "relay_domains = relay.example\n";

/* A session, and what it has led to. */
struct session {
	struct testworld world;
	struct conf *conf;
	struct route *route;
	struct rules *rules;
	struct err err;
	struct stage_state state;
	struct subject subject;
	struct verdict verdict;
	char reply[1024];
};

static int log_fd = -1;

static inline const char *
log_text(void)
{
	static char text[16384];
	ssize_t n = pread(log_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	(void)!ftruncate(log_fd, 0);
	(void)lseek(log_fd, 0, SEEK_SET);
	return text;
}

static inline void
begin(struct session *s, const char *config)
{
	static struct event_by by = { .program = "smtpd", .number = 1 };
	struct buf text = { 0 };
	struct err err = { 0 };

	memset(s, 0, sizeof *s);
	dnsbl_cache_flush();
	buf_printf(&text, "%s%s", base, config);
	s->world = testworld_new(zone);
	s->conf = conf_parse("main.cf", buf_str(&text), tables, &err);
	if (s->conf == NULL) {
		printf("# %s\n", err.text);
		exit(1);
	}
	s->route = route_open(s->conf, &s->err);
	s->rules = stage_compile(s->conf, s->route, false, &s->err);
	s->subject.arena = arena_new();
	s->subject.world = &s->world.world;
	s->subject.by = &by;
	s->subject.client_name = s->subject.reverse_name = "host.example.com";
	s->subject.client_addr = "192.0.2.2";
	s->subject.protocol = "ESMTP";
	(void)net_parse("192.0.2.2", &s->subject.client);
	buf_free(&text);
	(void)log_text();
}

static inline void
end(struct session *s)
{
	stage_reset_session(&s->state);
	stage_free(s->rules);
	route_close(s->route);
	arena_free(s->subject.arena);
	conf_free(s->conf);
}

/* As a door does it: once more, if the engine asks for a worker. */
static inline const char *
run(struct session *s, enum stage stage)
{
	stage_run(s->rules, stage, &s->subject, &s->state, &s->verdict);
	if (s->verdict.again)
		stage_run(s->rules, stage, &s->subject, &s->state, &s->verdict);
	if (s->verdict.pass)
		return "OK";
	(void)snprintf(s->reply, sizeof s->reply, "%d %s %s", s->verdict.code,
	    s->verdict.dsn, s->verdict.text);
	return s->reply;
}

static inline const char *
rcpt(struct session *s, const char *recipient)
{
	s->subject.recipient = recipient;
	return run(s, STAGE_RCPT);
}

/* What is logged goes to where log_text() finds it. */
static inline void
open_log(void)
{
	char path[] = "/tmp/weir-stage-XXXXXX";
	struct event_target target = { .name = "weir", .json_fd = -1 };

	target.fd = log_fd = mkstemp(path);
	(void)unlink(path);
	event_open(&target);
}

#endif
