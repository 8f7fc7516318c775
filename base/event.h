/* event.h - what happened: one record, written as Postfix's text line or as
 * JSON, and counted.  Administrators parse logs, so events are interface:
 * each directory lists its own in events.def. */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdatomic.h>
#include <stddef.h>

enum event_level {
	EVENT_DEBUG,
	EVENT_INFO,
	EVENT_WARNING,
	EVENT_ERROR,
	EVENT_FATAL,
	EVENT_PANIC,
};

/*
 * One kind of event.  ${text} is the line behind "program[number]: " and the
 * queue id.  "{name}" stands for the value of a field; "{before|name|after}"
 * for the value between two texts, or for nothing when the field has none.
 * A name that ends in "#" is written as a number in JSON.
 *
 * A row of an events.def is
 *	EVENT(name, LEVEL, "text", "meaning for the manual")
 * and a directory turns its table into `extern struct event_type
 * <dir>_event_<name>` with the two macros below.
 */
struct event_type {
	const char *name;
	enum event_level level;
	const char *text;
	const char *meaning;
	_Atomic unsigned long count;
};

/* Who says it.  Any pointer may be NULL. */
struct event_by {
	const char *program; /* "smtpd", "cleanup", "qmgr", "smtp" ... */
	unsigned number;     /* one per session; 0: the process id */
	const char *qid;     /* queue id, or "NOQUEUE" */
	const char *name; /* syslog_name of its service; NULL: the target's */
};

/*
 * event(type, by, name, value, ..., NULL):
 * Record an event with its fields: pairs of strings, ended by NULL.  A NULL
 * value is a field that has none.  Values may come from the network: control
 * characters are escaped here and nowhere else.  Never blocks on a full disk
 * or a dead reader.  Any thread.
 */
void event(struct event_type *type, const struct event_by *by, ...)
    __attribute__((sentinel));

/*
 * event_speak(by):
 * Until called again, ${by}, which the caller keeps, says what this thread says
 * without naming anybody: a table or a resolver knows for whom it works by
 * this alone.  NULL: the process itself.
 */
void event_speak(const struct event_by *by);

/* event_warning(by, format, ...), event_info, event_debug: an event without a
 * record of its own, "warning: text" in the log. */
void event_warning(const struct event_by *by, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void event_info(const struct event_by *by, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void event_debug(const struct event_by *by, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How records are written. */
struct event_target {
	const char *name;    /* syslog_name, e.g. "weir" */
	const char *service; /* put behind it, "weir/submission"; or NULL */
	int fd;              /* where lines go; -1: syslog */
	int json_fd;         /* where JSON lines go; -1: nowhere */
	unsigned char debug; /* also write EVENT_DEBUG */
	unsigned char stamp; /* 1: lines begin with time and host name */
	unsigned char plain; /* 1: lines begin with "name: ", as a command's
			      * messages do */
};

/* event_open(target): from now on write to ${target} (copied; names are cut
 * at 255 octets).  Before the first call, lines go to stderr.  May be called again. */
void event_open(const struct event_target *target);

/* event_tap(tap): also give the text of each warning and what is worse to
 * ${tap}, on the thread that says it; NULL: no more.  For a process that must
 * tell its parent why it cannot start. */
void event_tap(void (*tap)(const char *text));

/* event_flush(): lines of this thread that event() has kept are written.
 * A loop calls it once per turn; event_hold(1) makes this thread keep lines
 * until then (at most 64 KiB), event_hold(0), the default, stops that. */
void event_flush(void);
void event_hold(int on);

#endif
