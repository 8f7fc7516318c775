/* transcript_post.c - see transcript_post.h. */
#include "queue/transcript_post.h"

#include <stdlib.h>

#include "base/fatal.h"
#include "queue/submit.h"
#include "queue/transcript_notice.h"

/* On their way at a time. */
enum { MOST = 100 };

/* One on its way. */
struct sending {
	struct transcript_post *post;
	struct transcript_notice *notice;
};

static void
sent(void *arg, enum submit_result result, const char *why)
{
	struct sending *sending = arg;
	struct transcript_post *post = sending->post;

	if (result == SUBMIT_FULL)
		transcript_notice_lost("the queue has no room for it");
	else if (result == SUBMIT_FAILED)
		transcript_notice_lost(
		    why != NULL ? why : "the queue did not take it");
	transcript_notice_free(sending->notice);
	free(sending);
	post->waiting--;
	if (post->waiting == 0)
		post->idle(post->arg);
}

/* It is small, and goes with the commit. */
static void
drained(void *arg)
{
	(void)arg;
}

static void
send_one(struct transcript_post *post, const struct submit_way *way,
    struct transcript_notice *notice)
{
	struct submission *submission;
	struct sending *sending;

	if (post->waiting >= MOST) {
		transcript_notice_lost("there are too many at once");
		transcript_notice_free(notice);
		return;
	}
	sending = malloc(sizeof *sending);
	if (sending == NULL)
		fatal("out of memory");
	*sending = (struct sending){ post, notice };
	post->waiting++;
	submission = way->begin(way->queue, sent, drained, sending);
	(void)way->body(submission, notice->body.data, notice->body.len);
	way->commit(submission, &notice->e);
}

void
transcript_post_send(struct transcript_post *post, const struct submit_way *way,
    struct transcript_notice *notices)
{
	struct transcript_notice *notice;

	while ((notice = notices) != NULL) {
		notices = notice->next;
		send_one(post, way, notice);
	}
}
