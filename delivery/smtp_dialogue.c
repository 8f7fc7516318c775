/* smtp_dialogue.c - see smtp_dialogue.h. */
#include "delivery/smtp_dialogue.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "queue/qid.h"
#include "queue/transcript.h"
#include "queue/transcript_notice.h"

/* Who says what: ours is what goes out, unlike in Postfix's SMTP server. */
static const char in[] = "In:  ", out[] = "Out: ";

void
smtp_dialogue_begin(struct smtp_dialogue *d, const struct transcript_site *site)
{
	d->site = site;
	/* Nothing else is blamed on a server. */
	if ((site->classes & (TRANSCRIPT_PROTOCOL | TRANSCRIPT_DATA)) != 0)
		d->transcript = transcript_new(site->utf8);
}

void
smtp_dialogue_end(struct smtp_dialogue *d)
{
	transcript_free(d->transcript);
	d->transcript = NULL;
}

void
smtp_dialogue_in(struct smtp_dialogue *d, const char *line, size_t n)
{
	if (d->transcript != NULL)
		transcript_add(d->transcript, in, line, n);
}

void
smtp_dialogue_replaced(struct smtp_dialogue *d, const char *line, size_t n)
{
	if (d->transcript == NULL)
		return;
	transcript_add(d->transcript, "Replaced-by:", "", 0);
	transcript_add(d->transcript, "     ", line, n);
}

void
smtp_dialogue_out(struct smtp_dialogue *d, const char *command)
{
	if (d->transcript != NULL)
		transcript_add(d->transcript, out, command, strlen(command));
}

void
smtp_dialogue_blame(struct smtp_dialogue *d, unsigned class)
{
	d->blamed |= class;
}

void
smtp_dialogue_failed(struct smtp_dialogue *d, unsigned code)
{
	/* RFC 5321, 4.2.1: x0z is about syntax; 4.1.1.11: so is 555. */
	if (code < 400 || code > 599 || (code >= 500 && code < 510) ||
	    code == 555)
		smtp_dialogue_blame(d, TRANSCRIPT_PROTOCOL);
}

struct transcript_notice *
smtp_dialogue_tell(
    struct smtp_dialogue *d, bool lmtp, const char *relay, const char *sender)
{
	bool tell = (d->blamed & d->site->classes) != 0 && sender[0] != '\0' &&
	    !transcript_notice_is(d->site, sender);
	struct transcript_about about = {
		.whose = lmtp ? "LMTP client" : "SMTP client",
		.peer = relay,
	};
	struct transcript_notice *notice = NULL;
	struct arena *arena;
	char qid[ENVELOPE_QID];

	d->blamed = 0;
	if (d->transcript == NULL)
		return NULL;
	if (tell) {
		arena = arena_new();
		about.cause =
		    arena_printf(arena, "Unexpected response from %s.", relay);
		qid_new(clock_now(), d->site->long_qids, qid);
		notice =
		    transcript_notice_new(d->transcript, d->site, &about, qid);
		transcript_notice_log(notice);
		arena_free(arena);
	}
	transcript_reset(d->transcript);
	return notice;
}
