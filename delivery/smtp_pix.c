/* smtp_pix.c - see smtp_pix.h. */
#include "delivery/smtp_pix.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/event.h"
#include "base/stream.h"
#include "delivery/delivery.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_session.h"

/* Nothing but the code and what covers the rest. */
static bool
is_blotted(const char *greeting)
{
	return greeting[strspn(greeting, "20 *\t\n")] == '\0';
}

/* A young message is sent as always: most of these firewalls are gone. */
static bool
is_old(const struct smtp_session *s)
{
	int64_t arrival = s->delivery->job->arrival;
	int64_t least = clock_now() - s->client->pix_workaround_threshold_time;

	return arrival / CLOCK_SECOND <= least / CLOCK_SECOND;
}

static void
choose(struct smtp_session *s, const char *words, struct arena *arena)
{
	struct event_by by = smtp_session_by(s);
	const char *word;

	while ((word = conf_word(&words, arena)) != NULL) {
		if (strcasecmp(word, "disable_esmtp") == 0)
			s->no_ehlo = true;
		else if (strcasecmp(word, "delay_dotcrlf") == 0)
			s->delay_dot = is_old(s);
	}
	event_info(&by, "enabling PIX workarounds: %s%s%s for %s",
	    s->no_ehlo ? "disable_esmtp" : "",
	    s->no_ehlo && s->delay_dot ? " " : "",
	    s->delay_dot ? "delay_dotcrlf" : "", s->relay);
}

bool
smtp_pix_detect(
    struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	const struct smtp_client *c = s->client;
	const char *words = c->pix_workarounds;
	struct table_value value;

	if (!is_blotted(buf_str(&s->reply.text)))
		return true;
	if (c->pix != NULL) {
		switch (smtp_session_find(s, c->pix, arena, &value)) {
		case TABLE_FOUND:
			words = value.text;
			break;
		case TABLE_NONE:
			break;
		case TABLE_FAILED:
			smtp_session_data_error(s, arena, why);
			return false;
		}
	}
	if (words[0] != '\0')
		choose(s, words, arena);
	return true;
}

void
smtp_pix_rest(struct smtp_session *s)
{
	int64_t when = clock_mono() + s->client->pix_workaround_delay_time;

	if (s->delay_dot)
		stream_rest(s->stream,
		    s->until != 0 && s->until < when ? s->until : when);
}
