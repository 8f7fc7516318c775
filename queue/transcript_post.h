/* transcript_post.h - notices about dialogues (transcript_notice.h) on their way
 * to the queue. */
#ifndef QUEUE_TRANSCRIPT_POST_H
#define QUEUE_TRANSCRIPT_POST_H

#include <stddef.h>

struct submit_way;
struct transcript_notice;

/* Those of one loop. */
struct transcript_post {
	size_t waiting;          /* for the queue's word */
	void (*idle)(void *arg); /* called when none is any more */
	void *arg;
};

/* transcript_post_send(post, way, notices): send all that are in that list, which
 * belong to ${post} then.  It is no mail that anybody was promised: where the
 * queue does not take one, or there are too many at once, there is a warning and
 * no more.  The loop's thread only; ${post} stays until nothing waits. */
void transcript_post_send(struct transcript_post *post,
    const struct submit_way *way, struct transcript_notice *notices);

#endif
