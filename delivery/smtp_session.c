/* smtp_session.c - see smtp_session.h. */
#include "delivery/smtp_session.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"
#include "base/stream.h"
#include "delivery/delivery.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_hosts.h"
#include "delivery/smtp_nexthop.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"
#include "queue/transcript.h"
#include "rules/world.h"

/* A connect that has no limit of its own still ends some day. */
#define LONGEST_CONNECT (3600 * CLOCK_SECOND)
/* Six octets fit into any send buffer that is not jammed. */
#define IDLE_QUIT       (10 * CLOCK_MS)

static char *
text(const struct buf *b)
{
	char *copy = strdup(buf_str(b));

	if (copy == NULL)
		fatal("out of memory");
	return copy;
}

static struct smtp_session *
new_session(const struct smtp_client *client, struct stream *stream,
    const char *domain, const char *host, const char *addr, unsigned port)
{
	struct smtp_session *s = calloc(1, sizeof *s);
	struct buf b = { 0 };

	if (s == NULL)
		fatal("out of memory");
	s->client = client;
	s->stream = stream;
	s->number = delivery_number();
	s->opened = clock_mono();
	smtp_dialogue_begin(&s->dialogue, client->told);
	buf_puts(&b, host);
	s->host = text(&b);
	buf_reset(&b);
	buf_puts(&b, domain);
	s->domain = text(&b);
	buf_reset(&b);
	buf_puts(&b, addr);
	s->addr = text(&b);
	buf_reset(&b);
	buf_puts(&b, host);
	buf_printf(&b, "[%s]", addr);
	s->peer = text(&b);
	if (port != 0)
		buf_printf(&b, ":%u", port);
	s->relay = text(&b);
	buf_free(&b);
	return s;
}

static int64_t
connect_deadline(
    const struct smtp_client *client, const struct smtp_nexthop *hop)
{
	int64_t limit = client->connect_timeout;

	return smtp_nexthop_deadline(
	    hop, clock_mono() + (limit > 0 ? limit : LONGEST_CONNECT));
}

/* A relative path is one below the queue directory, as Postfix's agents, which
 * run there, take it. */
static struct smtp_session *
connect_unix(const struct smtp_client *client, const struct smtp_nexthop *hop,
    struct arena *arena, struct smtp_why *why)
{
	const struct base_params *base = &client->transport->base;
	const char *path = hop->unix_path, *full = path;
	struct stream *stream;
	struct err err = { { 0 } };

	if (*path != '/')
		full =
		    arena_printf(arena, "%s/%s", base->queue_directory, path);
	stream = stream_connect_unix(full, connect_deadline(client, hop), &err);
	if (stream != NULL)
		return new_session(client, stream, base->myhostname,
		    base->myhostname, path, 0);
	smtp_why_set(why, arena, "4.4.1", "connect to %s[%s]: %s",
	    base->myhostname, path, err.text);
	return NULL;
}

/* The address that a connection to ${host} is made from; NET_NONE: any.  False:
 * it must be one that cannot be had. */
static bool
find_source(const struct smtp_client *client, const struct smtp_host *host,
    struct net_addr *from, struct arena *arena, struct smtp_why *why)
{
	struct err err = { { 0 } };
	char addr[NET_TEXT];

	*from = host->addr.family == NET_IPV6 ? client->from6 : client->from4;
	if (from->family == NET_NONE || net_bindable(from, &err) == 0)
		return true;
	event_warning(NULL, "smtp_connect_addr: bind %s: %s",
	    net_print(from, addr), err.text);
	from->family = NET_NONE;
	if (!client->bind_address_enforce)
		return true;
	smtp_why_set(why, arena, "4.4.0", "server configuration error");
	return false;
}

struct smtp_session *
smtp_session_connect(const struct smtp_client *client,
    const struct smtp_nexthop *hop, const struct smtp_host *host,
    struct arena *arena, struct smtp_why *why)
{
	struct net_addr from;
	struct smtp_session *s;
	struct stream *stream;
	struct err err = { { 0 } };
	char addr[NET_TEXT];

	if (host == NULL) {
		s = connect_unix(client, hop, arena, why);
		if (s != NULL)
			s->until = hop->until;
		return s;
	}
	if (!find_source(client, host, &from, arena, why))
		return NULL;
	(void)net_print(&host->addr, addr);
	stream = stream_connect(&host->addr, host->port,
	    from.family != NET_NONE ? &from : NULL,
	    connect_deadline(client, hop), &err);
	if (stream == NULL) {
		smtp_why_set(why, arena, "4.4.1", "connect to %s[%s]:%u: %s",
		    host->name, addr, host->port, err.text);
		return NULL;
	}
	s = new_session(
	    client, stream, hop->host, host->name, addr, host->port);
	s->best = host->best;
	s->on_smtp = hop->port == IPPORT_SMTP;
	s->until = hop->until;
	return s;
}

/* What came is not SMTP. */
static void
protocol_error(struct smtp_session *s, const char *what, const char *doing,
    struct arena *arena, struct smtp_why *why)
{
	s->broken = true;
	smtp_dialogue_blame(&s->dialogue, TRANSCRIPT_PROTOCOL);
	smtp_why_set(why, arena, "4.5.0",
	    "protocol error: %s reply from %s while %s", what, s->peer, doing);
}

void
smtp_session_lost(struct smtp_session *s, int status, const char *doing,
    struct arena *arena, struct smtp_why *why)
{
	s->broken = true;
	if (status == STREAM_TIMEOUT)
		smtp_why_set(why, arena, "4.4.2",
		    "conversation with %s timed out while %s", s->peer, doing);
	else if (status == STREAM_TOO_LONG)
		protocol_error(s, "overlong", doing, arena, why);
	else
		smtp_why_set(why, arena, "4.4.2",
		    "lost connection with %s while %s", s->peer, doing);
}

struct event_by
smtp_session_by(const struct smtp_session *s)
{
	return transport_by(s->client->transport, s->number,
	    s->delivery != NULL ? s->delivery->job->qid : NULL);
}

enum table_status
smtp_session_find(const struct smtp_session *s, const struct table_list *tables,
    struct arena *arena, struct table_value *value)
{
	enum table_status status = world_find_any(
	    s->delivery->env->world, arena, tables, s->addr, value);

	if (status == TABLE_FAILED)
		event_warning(NULL, "%s: %s map lookup error for %s",
		    s->delivery->job->qid, tables->name, s->addr);
	return status;
}

void
smtp_session_data_error(
    struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	s->broken = true;
	smtp_dialogue_blame(&s->dialogue, TRANSCRIPT_DATA);
	smtp_why_set(why, arena, "4.3.0",
	    "local data error while talking to %s", s->peer);
}

bool
smtp_session_quiet(struct smtp_session *s, const char *doing,
    struct arena *arena, struct smtp_why *why)
{
	if (stream_pending(s->stream) == 0)
		return true;
	protocol_error(s, "unexpected", doing, arena, why);
	return false;
}

void
smtp_session_limit(struct smtp_session *s, int64_t limit)
{
	int64_t when = clock_mono() + limit;

	stream_deadline(
	    s->stream, s->until != 0 && s->until < when ? s->until : when);
}

/* A line that the server has said, or what the admin makes of it.  False: the
 * table cannot be asked. */
static bool
filter(struct smtp_session *s, struct arena *arena, char **line, size_t *n)
{
	struct table_value value;

	if (s->client->replies == NULL || s->delivery == NULL)
		return true;
	switch (world_find_any(s->delivery->env->world, arena,
	    s->client->replies, *line, &value)) {
	case TABLE_NONE:
		return true;
	case TABLE_FAILED:
		return false;
	case TABLE_FOUND:
		break;
	}
	event_info(NULL,
	    "%s: replacing server reply \"%.100s\" with \"%.100s\"", s->relay,
	    *line, value.text);
	*line = arena_strdup(arena, value.text);
	*n = strlen(*line);
	smtp_dialogue_replaced(&s->dialogue, *line, *n);
	return true;
}

void
smtp_session_say(struct smtp_session *s, const char *command)
{
	smtp_dialogue_out(&s->dialogue, command);
	stream_printf(s->stream, "%s\r\n", command);
}

bool
smtp_session_read(struct smtp_session *s, int64_t limit, const char *doing,
    struct arena *arena, struct smtp_why *why)
{
	enum smtp_reply_status reply = SMTP_REPLY_MORE;
	enum stream_status status;
	char *line;
	size_t n;

	smtp_reply_begin(&s->reply);
	smtp_session_limit(s, limit);
	while (reply == SMTP_REPLY_MORE) {
		status = stream_line(s->stream, SMTP_REPLY_LINE, &line, &n);
		if (status != STREAM_OK) {
			smtp_session_lost(s, (int)status, doing, arena, why);
			return false;
		}
		smtp_dialogue_in(&s->dialogue, line, n);
		if (!filter(s, arena, &line, &n)) {
			smtp_session_data_error(s, arena, why);
			return false;
		}
		reply = smtp_reply_line(&s->reply, line, n);
	}
	if (reply == SMTP_REPLY_DONE)
		return true;
	protocol_error(s, "malformed", doing, arena, why);
	return false;
}

void
smtp_session_quit(struct smtp_session *s, bool patient)
{
	struct smtp_why why;
	struct arena *arena;

	if (s->broken)
		return;
	if (!s->quit) {
		s->quit = true;
		smtp_session_say(s, "QUIT");
		stream_deadline(s->stream, clock_mono() + IDLE_QUIT);
		s->broken = stream_flush(s->stream) != STREAM_OK;
	}
	if (!patient || s->broken || s->client->skip_quit_response)
		return;
	arena = arena_new();
	(void)smtp_session_read(
	    s, s->client->quit_timeout, "sending QUIT", arena, &why);
	arena_free(arena);
}

void
smtp_session_close(struct smtp_session *s)
{
	if (s == NULL)
		return;
	stream_close(s->stream);
	smtp_dialogue_end(&s->dialogue);
	buf_free(&s->reply.text);
	free(s->key);
	free(s->host);
	free(s->addr);
	free(s->domain);
	free(s->peer);
	free(s->relay);
	free(s);
}
