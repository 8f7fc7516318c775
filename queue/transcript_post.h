/* transcript_post.h - notices about dialogues (transcript_notice.h) on their way
 * to the queue. */
#ifndef QUEUE_TRANSCRIPT_POST_H
#define QUEUE_TRANSCRIPT_POST_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/submit.h"

struct envelope;
struct transcript_notice;

/* How a message comes to the queue: submit.h, or what a test puts in its place. */
struct transcript_way {
	struct submit *queue;
	struct submission *(*begin)(struct submit *queue,
	    void (*done)(void *arg, enum submit_result result, const char *why),
	    void (*drained)(void *arg), void *arg);
	bool (*body)(struct submission *s, const char *data, size_t n);
	void (*commit)(struct submission *s, const struct envelope *envelope);
};

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
    const struct transcript_way *way, struct transcript_notice *notices);

#endif
