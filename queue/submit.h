/* submit.h - a loop's connection to the queue role: messages in, durably. */
#ifndef QUEUE_SUBMIT_H
#define QUEUE_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct envelope;
struct loop;
struct schedule_seen_answer;
struct submit;
struct submission;

enum submit_result {
	SUBMIT_STORED, /* durable: 250 may be said now */
	SUBMIT_FULL,   /* 452 4.3.1: the store has no room; nothing is kept */
	SUBMIT_FAILED, /* 451 4.3.0: not stored, or the queue is away */
};

/* submit_open(loop, path): for this loop's thread only.  The queue's socket at
 * ${path} is connected when needed and again after it was lost; messages
 * whose commit was under way are then asked for by id, and only then
 * answered (DESIGN.md, section 6). */
struct submit *submit_open(struct loop *loop, const char *path);
void submit_close(struct submit *submit);

/*
 * submit_begin(submit, done, drained, arg):
 * Begin a message.  ${done} is called exactly once after submit_commit(), on
 * the loop's thread (never from within a call); ${drained} when body data is
 * wanted again after submit_body() said stop, but not after submit_commit().
 */
struct submission *submit_begin(struct submit *submit,
    void (*done)(void *arg, enum submit_result result, const char *why),
    void (*drained)(void *arg), void *arg);

/* submit_body(s, data, n): hand over body octets, in order.  Up to 64 KiB stay
 * in memory and go into the message's one record; a longer body is sent in
 * chunks as it comes.  False: taken, but wait for drained() before more. */
bool submit_body(struct submission *s, const char *data, size_t n);

/* submit_commit(s, envelope): the message is whole; envelope->headers is its
 * header section, the body is what was handed over.  The envelope is copied.
 * ${s} belongs to the connection until done(). */
void submit_commit(struct submission *s, const struct envelope *envelope);

/* submit_cancel(s): forget it, before submit_commit() only. */
void submit_cancel(struct submission *s);

/* A notice of ours that is to pass intake, as the queue gave it. */
struct submit_look {
	uint64_t key, era;
	const char *record; /* envelope.h; for the time of the call */
	size_t nrecord;
};

/* submit_take_looks(submit, most, came, arg): take ${most} of them at a time, or
 * no more (0); ${came} is called with each, and submit_looked(submit, look,
 * answer) says what was found: never if the queue has gone meanwhile, which
 * gives it to another. */
void submit_take_looks(struct submit *submit, size_t most,
    void (*came)(void *arg, const struct submit_look *look), void *arg);
void submit_looked(struct submit *submit, const struct submit_look *look,
    const struct schedule_seen_answer *answer);

/* submit_room(submit, size): the queue's last word about its room (told at
 * each change): false means 452 4.3.1 at MAIL. */
bool submit_room(const struct submit *submit, unsigned long long size);

/* All of it for those who put their messages into the queue, where a test may
 * put something else in its place. */
struct submit_way {
	struct submit *queue;
	struct submission *(*begin)(struct submit *queue,
	    void (*done)(void *arg, enum submit_result result, const char *why),
	    void (*drained)(void *arg), void *arg);
	bool (*body)(struct submission *s, const char *data, size_t n);
	void (*commit)(struct submission *s, const struct envelope *envelope);
	void (*cancel)(struct submission *s);
	bool (*room)(const struct submit *queue, unsigned long long size);
};

/* submit_way(queue): that of this connection. */
struct submit_way submit_way(struct submit *queue);

#endif
