/* greylist.c - see greylist.h.
 *
 * Keys and defaults are postgrey's, and so are the words of the log, so that
 * what reads its log reads this. */
#include "checks/greylist.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/event.h"
#include "base/local_time.h"
#include "checks/check.h"
#include "checks/checks_events.h"
#include "checks/greylist_rule.h"
#include "checks/letters.h"
#include "checks/recipient_list.h"
#include "checks/site.h"
#include "checks/spf.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/match.h"
#include "rules/world.h"

enum { BATV_TAG = 10 };

/* What the log says, by enum greylist_why. */
static const char *const reasons[] = {
	[GREYLIST_NEW] = "new",
	[GREYLIST_EARLY] = "early-retry",
	[GREYLIST_WAITED] = "triplet found",
	[GREYLIST_WAITED_AGAIN] = "triplet found",
	[GREYLIST_KNOWN] = "triplet found",
	[GREYLIST_ALLOWED] = "client AWL",
};

static struct counter deferred = { .name = "greylist: deferred" },
		      waited = { .name = "greylist: passed after its wait" },
		      passed = { .name = "greylist: passed at once" },
		      away = { .name = "greylist: memory away" };

static bool
is_tag(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && isalnum((unsigned char)text[i]))
		i++;
	return i >= BATV_TAG;
}

/* "prvs=tag=user", also seen as "prvs=user=tag": the user. */
static const char *
without_tag(struct arena *arena, const char *local, size_t *n)
{
	static const char prefix[] = "prvs=";
	const size_t skip = sizeof prefix - 1;
	const char *second;
	size_t first;

	if (*n < skip || strncmp(local, prefix, skip) != 0)
		return local;
	second = memchr(local + skip, '=', *n - skip);
	if (second == NULL)
		return local;
	first = (size_t)(second - local) - skip;
	second++;
	*n -= skip + first + 1;
	if (memchr(second, '=', *n) != NULL) { /* neither form */
		*n += skip + first + 1;
		return local;
	}
	if (is_tag(local + skip, first) || !is_tag(second, *n))
		return second;
	*n = first;
	return arena_strndup(arena, local + skip, first);
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Numbers that are words: "bounce-1234-me" is "bounce-#-me". */
static void
put_local(struct buf *out, const char *local, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		bool number = true;

		for (end = i; end < n && is_word(local[end]); end++)
			number = number && isdigit((unsigned char)local[end]);
		if (end == i)
			buf_putc(out, local[end++]);
		else if (number)
			buf_putc(out, '#');
		else
			buf_put(out, local + i, end - i);
	}
}

const char *
greylist_sender(struct arena *arena, const char *sender)
{
	const char *domain = address_domain(sender), *local, *plus, *copy;
	struct buf out = { 0 };
	size_t n;

	if (domain == NULL)
		return sender;
	n = (size_t)(domain - sender) - 1;
	local = without_tag(arena, sender, &n);
	plus = memchr(local, '+', n);
	if (plus != NULL)
		n = (size_t)(plus - local);
	put_local(&out, local, n);
	buf_putc(&out, '@');
	buf_puts(&out, domain);
	copy = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return copy;
}

static const char *
date(struct subject *s)
{
	char text[LOCAL_TIME_TEXT];

	return arena_strdup(s->arena,
	    local_time_text(
		text, world_now(s->world), "%a, %d %b %Y %H:%M:%S %Z"));
}

static void
defer(struct ask *ask, struct answer *answer, int64_t wait)
{
	struct arena *arena = ask->subject->arena;
	const char *domain = address_domain(ask->value), *text, *dsn;

	text = letters_fill(arena, ask->site->params.weir_greylist_text, "sr",
	    (const char *const[]){ letters_seconds(arena, wait, 999),
		domain != NULL ? domain : ask->value });
	/* Not 4.7.1: with that code Exchange does not try again. */
	dsn = status_code_take(arena, &text, "4.2.0");
	answer_reject(ask, answer, 450, dsn, "<%s>: %s rejected: %s", ask->name,
	    ask->class, text);
	answer_soften(ask, answer, ANSWER_DEFER_IF_PERMIT);
}

static void
add_header(struct ask *ask, struct answer *answer, int64_t delayed)
{
	struct arena *arena = ask->subject->arena;
	const char *pattern = ask->site->params.weir_greylist_header;

	if (pattern[0] != '\0')
		(void)answer_effect(ask, answer, EFFECT_PREPEND,
		    letters_fill(arena, pattern, "thd",
			(const char *const[]){
			    letters_seconds(arena, delayed, 0),
			    ask->site->myhostname, date(ask->subject) }));
}

static void
note(struct ask *ask, const char *action, const char *reason,
    const char *missing, const char *delay)
{
	struct subject *s = ask->subject;
	struct event_by by = *s->by;

	by.qid = s->queue_id;
	event(&checks_events_greylist, &by, "action", action, "reason", reason,
	    "missing", missing, "delay", delay, "client", s->client_name,
	    "address", s->client_addr, "sender",
	    s->sender[0] != '\0' ? s->sender : NULL, "recipient", ask->value,
	    NULL);
}

/* What is asked, all of it in small letters. */
static void
prepare(struct ask *ask, struct memory_question *q)
{
	const struct checks_params *p = &ask->site->params;
	struct subject *s = ask->subject;
	unsigned bits = (unsigned)(s->client.family == NET_IPV4
		? p->weir_greylist_ipv4_prefix
		: p->weir_greylist_ipv6_prefix);
	struct net_addr network = net_network(&s->client, bits);
	char text[NET_TEXT];

	*q = (struct memory_question){ .rule = &greylist_rule };
	q->keys[GREYLIST_TRIPLET] = arena_lower(s->arena,
	    arena_printf(s->arena, "%s/%s/%s", net_print(&network, text),
		greylist_sender(s->arena, s->sender), ask->value));
	q->keys[GREYLIST_CLIENT] =
	    arena_strdup(s->arena, net_print(&s->client, text));
	/* Who does not say which message it is: one of its own. */
	q->keys[GREYLIST_MESSAGE] = s->instance != NULL && s->instance[0] != 0
	    ? s->instance
	    : arena_printf(s->arena, "%s %lld", q->keys[GREYLIST_TRIPLET],
		  (long long)world_now(s->world));
	q->args[GREYLIST_DELAY] = p->weir_greylist_delay / CLOCK_MS;
	q->args[GREYLIST_RETRY_WINDOW] =
	    p->weir_greylist_retry_window / CLOCK_MS;
	q->args[GREYLIST_MAX_AGE] = p->weir_greylist_max_age / CLOCK_MS;
	q->args[GREYLIST_AUTO_ALLOW] = p->weir_greylist_auto_allow;
}

static void
decide(struct ask *ask, struct answer *answer)
{
	int64_t results[MEMORY_RESULTS] = { 0 }, wait;
	struct subject *s = ask->subject;
	const char *why = NULL, *reason, *delay = NULL, *missing = NULL;
	struct memory_question q;

	prepare(ask, &q);
	answer->input = q.keys[GREYLIST_TRIPLET];
	if (!world_remember(s->world, s->arena, &q, results, &why)) {
		counters_add(&away);
		event_warning(s->by, "greylist: %s; %s", why,
		    ask->site->greylist_away == ANSWER_DUNNO
			? "the mail passes"
			: "the mail is deferred");
		if (ask->site->greylist_away != ANSWER_DUNNO)
			answer_cannot_ask(ask, answer, ask->name);
		return;
	}
	wait = results[GREYLIST_WAIT];
	reason = reasons[results[GREYLIST_WHY]];
	if (wait > 0) {
		if (results[GREYLIST_WHY] == GREYLIST_EARLY)
			missing = letters_seconds(s->arena, wait, 999);
		counters_add(&deferred);
		defer(ask, answer, wait);
	} else if (results[GREYLIST_WHY] == GREYLIST_WAITED) {
		delay = letters_seconds(s->arena, results[GREYLIST_DELAYED], 0);
		add_header(ask, answer, results[GREYLIST_DELAYED]);
		counters_add(&waited);
	} else {
		counters_add(&passed);
	}
	note(ask, wait > 0 ? "greylist" : "pass", reason, missing, delay);
}

void
greylist_ask(struct ask *ask, struct answer *answer)
{
	struct subject *s = ask->subject;
	enum table_status status;
	const char *domain;

	if (s->sender == NULL ||
	    (s->client.family != NET_IPV4 && s->client.family != NET_IPV6))
		return;
	status = match_client(ask->site->greylist_clients, s->world, s->arena,
	    s->client_name, &s->client);
	if (status == TABLE_FOUND) {
		note(ask, "pass", "client whitelist", NULL, NULL);
		return;
	}
	domain =
	    status == TABLE_NONE && !match_empty(ask->site->greylist_domains)
	    ? spf_domain(s, &ask->spf)
	    : NULL;
	if (domain != NULL)
		status = match_domain(
		    ask->site->greylist_domains, s->world, s->arena, domain);
	if (status == TABLE_FOUND) {
		note(ask, "pass", "domain whitelist", NULL, NULL);
		return;
	}
	if (status == TABLE_NONE)
		status = recipient_list_find(ask->site,
		    ask->site->greylist_recipients, s->world, s->arena,
		    ask->value);
	if (status == TABLE_FOUND)
		note(ask, "pass", "recipient whitelist", NULL, NULL);
	else if (status == TABLE_FAILED)
		answer_cannot_ask(ask, answer, ask->name);
	else
		decide(ask, answer);
}
