/* session_io.c - see session_io.h. */
#include "proxy/session_io.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "base/tls.h"
#include "proxy/cmd_bdat.h"
#include "proxy/cmd_tls.h"
#include "proxy/cut_through.h"
#include "proxy/dialogue.h"
#include "proxy/filter_hook.h"
#include "proxy/greeting.h"
#include "proxy/hall.h"
#include "proxy/intake.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/session_ending.h"
#include "proxy/session_wire.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "proxy/upstream.h"

enum {
	READ_LINES = 4096,      /* octets to read at once for commands */
	READ_BODY = 32 * 1024,  /* ... for content */
	KEEP_SPARE = 64 * 1024, /* a larger buffer is not kept */
	MOST_OUT = 64 * 1024,   /* replies that the client has not taken: no
				 * further commands until it has */
	TURN = 256 * 1024,      /* octets of content before others are served */
	LINGER_MS = 2000,
};

#define SESSION_OF(member, pointer)                                            \
	((struct session *)(void *)((char *)(pointer)-offsetof(                \
	    struct session, member)))

/* What is to be done next with a session. */
enum step {
	GO_ON,
	PARK,  /* wait for the client, or for time to pass */
	YIELD, /* the timer is set: others first */
	GONE,
};

static enum session_wire_got
receive(struct session *s, size_t want)
{
	struct hall *hall = s->hall;
	char *to;

	if (!s->readable)
		return SESSION_WIRE_NONE;
	if (s->in.data == NULL && hall->spare.data != NULL) {
		s->in = hall->spare;
		hall->spare = (struct buf){ 0 };
	}
	if (s->in_at > 0) {
		buf_drop(&s->in, s->in_at);
		s->in_at = 0;
	}
	to = buf_reserve(&s->in, want);
	return session_wire_read(s, to, want);
}

/* Nothing is to be kept for an idle session. */
static void
release_input(struct session *s)
{
	struct hall *hall = s->hall;
	struct buf rest = { 0 };

	if (s->in.data == NULL || s->in.size <= READ_LINES / 4)
		return;
	if (s->in_at < s->in.len)
		buf_put(&rest, s->in.data + s->in_at, s->in.len - s->in_at);
	if (hall->spare.data == NULL && s->in.size <= KEEP_SPARE) {
		hall->spare = s->in;
		buf_reset(&hall->spare);
	} else {
		buf_free(&s->in);
	}
	s->in = rest;
	s->in_at = 0;
}

static enum step
end(struct session *s)
{
	session_ending_log(s);
	s->phase = SESSION_OVER;
	session_end(s);
	return GONE;
}

static enum step
lost(struct session *s)
{
	if (s->why == NULL && s->phase < SESSION_CLOSING)
		s->why = "lost connection";
	return end(s);
}

/* By when the client must have done what is waited for; 0: it need not. */
static int64_t
limit(const struct session *s)
{
	return clock_mono() + s->params->smtpd_timeout;
}

static void
park(struct session *s)
{
	release_input(s);
	if (s->deadline == 0) {
		loop_timer_cancel(s->hall->loop, &s->timer);
		return;
	}
	if (s->timer.place == 0 || s->timer.when != s->deadline)
		loop_timer_set(s->hall->loop, &s->timer, s->deadline);
}

/* Say good-bye: what is left to be written is, then the socket is closed. */
static void
close_down(struct session *s)
{
	if (s->phase >= SESSION_CLOSING)
		return;
	s->phase = SESSION_CLOSING;
	s->deadline = limit(s);
}

/* One command. */
static enum step
command_phase(struct session *s)
{
	enum session_wire_got got;

	if (s->hangup) {
		close_down(s);
		return GO_ON;
	}
	if (session_wire_unsent(s) > MOST_OUT)
		return PARK;
	switch (dialogue_line(s)) {
	case DIALOGUE_RAN:
		s->deadline = 0;
		return GO_ON;
	case DIALOGUE_MORE:
		break;
	}
	if (s->hall->draining && s->mail == NULL && s->in_at == s->in.len &&
	    !s->readable) {
		session_reply(s, "421 4.3.2 %s Service shutting down",
		    s->service->myhostname);
		return GO_ON;
	}
	got = receive(s, READ_LINES);
	/* The limit runs from the end of the last command, and again from the
	 * first octet of a line; what dribbles in later does not extend it. */
	if (s->deadline == 0 ||
	    (got == SESSION_WIRE_SOME && s->in_at == 0 && !s->in_line))
		s->deadline = limit(s);
	s->in_line = s->in.len > s->in_at;
	if (got == SESSION_WIRE_END)
		return lost(s);
	return got == SESSION_WIRE_SOME ? GO_ON : PARK;
}

/* Each octet extends the time for the rest, so that a message has a least
 * rate, but never to more than one smtpd_timeout of silence. */
static void
extend(struct session *s, size_t octets)
{
	int64_t most = limit(s);

	if (s->deadline != 0)
		s->deadline += (int64_t)octets * CLOCK_SECOND /
		    s->params->smtpd_min_data_rate;
	if (s->deadline > most || s->deadline == 0)
		s->deadline = most;
}

/* The queue has answered; the reply is there. */
static void
stored(struct session *s)
{
	postmaster_break(s);
	session_forget_forward(s);
	session_forget_mail(s);
	session_settle(s);
	s->phase = SESSION_COMMAND;
	s->deadline = 0;
	session_io_drive(s);
}

/* After intake_finish(), which may have run elsewhere. */
static void
commit_or_not(struct session *s)
{
	struct mail *mail = s->mail;

	if (mail->envelope != NULL) {
		s->deadline = 0;
		intake_commit(s, stored);
		return;
	}
	if (mail->discard)
		s->count[smtp_command_place(s->command)].ok++;
	else
		s->errors++;
	postmaster_break(s);
	session_forget_forward(s);
	session_forget_mail(s);
	session_settle(s);
	s->phase = SESSION_COMMAND;
	s->deadline = 0;
}

static bool
has_input(const struct session *s)
{
	return s->in_at < s->in.len;
}

/* Some octets of content. */
static enum step
input(struct session *s)
{
	switch (receive(s, READ_BODY)) {
	case SESSION_WIRE_SOME:
		return GO_ON;
	case SESSION_WIRE_END:
		return lost(s);
	case SESSION_WIRE_NONE:
		break;
	}
	if (s->deadline == 0)
		s->deadline = limit(s);
	return PARK;
}

static enum step
read_body(struct session *s, size_t *turn)
{
	size_t n, used;

	if (s->choked)
		return PARK;
	if (intake_wants(s) && !has_input(s))
		return input(s);
	n = s->in.len - s->in_at;
	(void)intake_decode(s, n > 0 ? s->in.data + s->in_at : "", n, &used);
	s->in_at += used;
	*turn += used;
	extend(s, used);
	s->body_step = SESSION_BODY_LOOKED;
	session_work_run(s, intake_look_blocks(s), intake_look);
	return GO_ON;
}

/* A message that no filter has taken, from where it was kept. */
static enum step
read_again(struct session *s)
{
	if (s->choked)
		return PARK;
	s->body_step = SESSION_BODY_LOOKED;
	session_work_run(s, true, filter_hook_feed);
	return GO_ON;
}

/* To its next hop at once, or to the queue. */
static void
hand_on(struct session *s)
{
	if (!cut_through_begin(s)) {
		commit_or_not(s);
		return;
	}
	s->deadline = 0;
	s->body_step = SESSION_BODY_CUT;
	session_work_apart(s, cut_through_run);
}

static enum step
body_phase(struct session *s, size_t *turn)
{
	switch ((enum session_body_step)s->body_step) {
	case SESSION_BODY_READ:
		if (filter_hook_again(s))
			return read_again(s);
		if (*turn < TURN)
			return read_body(s, turn);
		session_wake(s);
		return YIELD;
	case SESSION_BODY_LOOKED:
		intake_pass(s);
		s->body_step = SESSION_BODY_READ;
		if (s->mail->whole) {
			s->deadline = 0;
			s->body_step = SESSION_BODY_FINISHED;
			session_work_run(s, intake_blocks(s), intake_finish);
		} else if (intake_chunk(s)) {
			s->deadline = 0;
		}
		break;
	case SESSION_BODY_FINISHED:
		if (filter_hook_again(s)) {
			s->body_step = SESSION_BODY_READ;
			break;
		}
		if (!intake_replaces(s)) {
			hand_on(s);
			break;
		}
		if (s->choked)
			return PARK;
		s->body_step = SESSION_BODY_FETCHED;
		session_work_run(s, true, intake_fetch);
		break;
	case SESSION_BODY_FETCHED:
		intake_replace(s);
		s->body_step = SESSION_BODY_FINISHED;
		break;
	case SESSION_BODY_CUT:
		cut_through_end(s);
		commit_or_not(s);
		break;
	}
	return GO_ON;
}

/* A chunk that nobody wants: it comes, and goes. */
static enum step
skip_phase(struct session *s, size_t *turn)
{
	size_t n;

	if (s->chunk.left == 0 || s->hangup) {
		cmd_bdat_skipped(s);
		s->deadline = 0;
		return GO_ON;
	}
	if (*turn >= TURN) {
		session_wake(s);
		return YIELD;
	}
	if (!has_input(s))
		return input(s);
	n = s->in.len - s->in_at;
	if (n > s->chunk.left)
		n = (size_t)s->chunk.left;
	s->in_at += n;
	s->chunk.left -= n;
	*turn += n;
	extend(s, n);
	return GO_ON;
}

static enum step
handshake_phase(struct session *s)
{
	switch (cmd_tls_handshake(s)) {
	case CMD_TLS_DONE:
		s->phase = SESSION_COMMAND;
		s->deadline = 0;
		if (s->params->smtpd_tls_wrappermode && !s->greeted)
			greeting_after_tls(s);
		return GO_ON;
	case CMD_TLS_WAIT:
		if (s->deadline == 0)
			s->deadline =
			    clock_mono() + s->params->smtpd_starttls_timeout;
		return PARK;
	case CMD_TLS_FAILED:
		break;
	}
	return end(s);
}

/* All is written.  A client that has more under way would lose the last reply
 * to a reset if the socket were closed at once. */
static enum step
closing_phase(struct session *s)
{
	if (session_wire_unsent(s) > 0)
		return PARK;
	if (s->tls == NULL && s->why == NULL && !s->hung_up &&
	    (s->readable || s->pipelined || s->in_at < s->in.len) &&
	    shutdown(s->watch.fd, SHUT_WR) == 0) {
		s->phase = SESSION_LINGER;
		s->deadline = clock_mono() + LINGER_MS * CLOCK_MS;
		return GO_ON;
	}
	return end(s);
}

static enum step
linger_phase(struct session *s)
{
	enum session_wire_got got;

	s->in_at = s->in.len;
	got = receive(s, READ_LINES);
	if (got == SESSION_WIRE_END)
		return end(s);
	return got == SESSION_WIRE_SOME ? GO_ON : PARK;
}

static enum step
upstream_phase(struct session *s)
{
	switch (upstream_read(s)) {
	case UPSTREAM_DONE:
		greeting_begin(s);
		return GO_ON;
	case UPSTREAM_OVER:
		return GO_ON;
	case UPSTREAM_WAIT:
		break;
	}
	return PARK;
}

static enum step
one_step(struct session *s, size_t *turn)
{
	switch (s->phase) {
	case SESSION_COMMAND:
		return command_phase(s);
	case SESSION_UPSTREAM:
		return upstream_phase(s);
	case SESSION_HANDSHAKE:
		return handshake_phase(s);
	case SESSION_BODY:
		return body_phase(s, turn);
	case SESSION_SKIP:
		return skip_phase(s, turn);
	case SESSION_STORE:
		return PARK;
	case SESSION_CLOSING:
		return closing_phase(s);
	case SESSION_LINGER:
		return linger_phase(s);
	case SESSION_OVER:
		break;
	}
	return PARK;
}

/* Replies wait for the tarpit's timer, or for the client to take them. */
static bool
paused(struct session *s)
{
	if (s->pause == 0)
		return false;
	s->deadline = clock_mono() + s->pause;
	s->pause = 0;
	s->tarpit = true;
	return true;
}

/* One step, if there may be one. */
static enum step
take_step(struct session *s, size_t *turn)
{
	if (s->hall->cutting && s->phase != SESSION_STORE)
		return end(s);
	if (s->tarpit || paused(s))
		return PARK;
	if ((s->phase == SESSION_CLOSING || s->phase == SESSION_HANDSHAKE) &&
	    !session_wire_flush(s))
		return end(s);
	return one_step(s, turn);
}

void
session_io_drive(struct session *s)
{
	enum step next = GO_ON;
	size_t turn = 0;

	if (!s->away) {
		session_drop(s);
		postmaster_send(s);
	}
	while (next == GO_ON && !s->away)
		next = take_step(s, &turn);
	if (next == GONE || s->away)
		return;
	if (!session_wire_flush(s) && s->phase != SESSION_STORE)
		(void)lost(s);
	else if (next != YIELD)
		park(s);
}

static void
time_is_up(struct session *s)
{
	switch (s->phase) {
	case SESSION_COMMAND:
	case SESSION_BODY:
	case SESSION_SKIP:
		if (session_wire_unsent(s) == 0)
			session_reply(s, "421 4.4.2 %s Error: timeout exceeded",
			    s->service->myhostname);
		s->why = "timeout";
		s->tarpit = false;
		s->pause = 0;
		s->out_held = SIZE_MAX;
		(void)session_wire_flush(s);
		(void)end(s);
		return;
	case SESSION_HANDSHAKE:
		s->why = "timeout";
		(void)end(s);
		return;
	case SESSION_UPSTREAM:
		upstream_late(s);
		session_io_drive(s);
		return;
	case SESSION_STORE:
		return;
	case SESSION_CLOSING:
	case SESSION_LINGER:
	case SESSION_OVER:
		(void)end(s);
		return;
	}
}

static void
fire(struct loop_timer *timer)
{
	struct session *s = SESSION_OF(timer, timer);

	if (s->away)
		return;
	if (s->tarpit && clock_mono() >= s->deadline) {
		s->tarpit = false;
		s->out_held = SIZE_MAX;
		s->deadline = 0;
		session_io_drive(s);
	} else if (s->deadline != 0 && clock_mono() >= s->deadline) {
		time_is_up(s);
	} else {
		session_io_drive(s);
	}
}

static void
ready(struct loop_fd *watch, unsigned what)
{
	struct session *s = SESSION_OF(watch, watch);

	if (what & (LOOP_READ | LOOP_HUP) || s->tls != NULL)
		s->readable = true;
	if (what & (LOOP_WRITE | LOOP_HUP) || s->tls != NULL)
		s->writable = true;
	if (what & LOOP_HUP)
		s->hung_up = true;
	if (!s->away && s->phase != SESSION_STORE)
		session_io_drive(s);
}

void
session_io_start(struct session *s)
{
	s->watch.ready = ready;
	s->timer.fire = fire;
	loop_watch(s->hall->loop, &s->watch);
}

void
session_io_drain(struct session *s)
{
	if (!s->away && s->phase == SESSION_COMMAND)
		session_io_drive(s);
}

void
session_io_cut(struct session *s)
{
	if (!s->away && s->phase != SESSION_STORE)
		(void)end(s);
}
