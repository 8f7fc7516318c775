/* event.c - see event.h. */
#include "base/event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/json_text.h"
#include "base/local_time.h"
#include "base/utf8.h"

enum { MOST_FIELDS = 40, MOST_HELD = 64 * 1024, FACILITY_MAIL = 2 << 3 };

struct pair {
	const char *name, *value;
};

static struct event_target target = {
	.name = "weir", .fd = STDERR_FILENO, .json_fd = -1
};
static char host[256];
static int syslog_fd = -1;
static void (*tapped)(const char *text);

/* What this thread has not written yet. */
static _Thread_local struct buf held, held_json;
static _Thread_local bool holding;
static _Thread_local const struct event_by *speaker;

static const char *const level_names[] = { "debug", "info", "warning", "error",
	"fatal", "panic" };
static const unsigned char syslog_levels[] = { 7, 6, 4, 3, 2, 2 };

static void last_words(const char *severity, const char *text);

void
event_open(const struct event_target *t)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };

	static char name[256], service[256];

	target = *t;
	(void)snprintf(name, sizeof name, "%s", t->name);
	target.name = name;
	if (t->service != NULL) {
		(void)snprintf(service, sizeof service, "%s", t->service);
		target.service = service;
	}
	if (host[0] == '\0' && gethostname(host, sizeof host - 1) != 0)
		(void)snprintf(host, sizeof host, "localhost");
	host[strcspn(host, ".")] = '\0';
	if (target.fd < 0 && syslog_fd < 0) {
		syslog_fd = socket(
		    AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(syslog_fd, (struct sockaddr *)&sun, sizeof sun) < 0)
			(void)0; /* sent again when it is there */
	}
	fatal_hook(last_words);
}

void
event_tap(void (*tap)(const char *text))
{
	tapped = tap;
}

/* Append ${s} so that it stays on its line; of the rest, UTF-8 passes. */
static void
put_clean(struct buf *out, const char *s)
{
	const char *end;

	for (unsigned n; *s != '\0'; s = end) {
		end = s;
		while ((unsigned char)*end >= 32 && *end != 127 &&
		    (n = utf8_length(end)) > 0)
			end += n;
		buf_put(out, s, (size_t)(end - s));
		if (*end != '\0') {
			buf_putc(out, '?');
			end++;
		}
	}
}

static const char *
find(const struct pair *pairs, const char *name, size_t n)
{
	for (; pairs->name != NULL; pairs++)
		if (strncmp(pairs->name, name, n) == 0 &&
		    pairs->name[n] == '\0')
			return pairs->value;
	return NULL;
}

/* Expand one "{before|name|after}", whose inside is ${p}..${end}. */
static void
put_field(
    struct buf *out, const char *p, const char *end, const struct pair *pairs)
{
	const char *bar = memchr(p, '|', (size_t)(end - p)), *name = p;
	const char *name_end = end, *after = end, *value;

	if (bar != NULL) {
		name = bar + 1;
		name_end = memchr(name, '|', (size_t)(end - name));
		must(name_end != NULL);
		after = name_end + 1;
	}
	if (name_end[-1] == '#')
		value = find(pairs, name, (size_t)(name_end - name - 1));
	else
		value = find(pairs, name, (size_t)(name_end - name));
	if (value == NULL)
		return;
	if (bar != NULL)
		buf_put(out, p, (size_t)(bar - p));
	put_clean(out, value);
	buf_put(out, after, (size_t)(end - after));
}

static void
put_text(struct buf *out, const struct event_type *type,
    const struct event_by *by, const struct pair *pairs)
{
	const char *p = type->text, *brace;

	buf_puts(out, by != NULL && by->name != NULL ? by->name : target.name);
	if (target.service != NULL)
		buf_printf(out, "/%s", target.service);
	if (target.plain)
		buf_puts(out, ": ");
	else
		buf_printf(out, "/%s[%u]: ",
		    by != NULL && by->program != NULL ? by->program : "weir",
		    by != NULL && by->number != 0 ? by->number
						  : (unsigned)getpid());
	if (by != NULL && by->qid != NULL)
		buf_printf(out, "%s: ", by->qid);
	for (; (brace = strchr(p, '{')) != NULL; p = brace + 1) {
		buf_put(out, p, (size_t)(brace - p));
		p = brace + 1;
		brace = strchr(p, '}');
		must(brace != NULL);
		put_field(out, p, brace, pairs);
	}
	buf_puts(out, p);
}

static bool
is_number(const struct event_type *type, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = type->text; (p = strstr(p, name)) != NULL; p++)
		if (p > type->text && (p[-1] == '{' || p[-1] == '|') &&
		    p[n] == '#')
			return true;
	return false;
}

static void
put_json(struct buf *out, const struct event_type *type,
    const struct event_by *by, const struct pair *pairs)
{
	int64_t now = clock_now();

	buf_printf(out,
	    "{\"time\":%lld.%06lld,\"event\":", (long long)(now / CLOCK_SECOND),
	    (long long)(now % CLOCK_SECOND / 1000));
	json_text_put(out, type->name);
	buf_printf(out, ",\"level\":\"%s\"", level_names[type->level]);
	if (by != NULL && by->program != NULL) {
		buf_puts(out, ",\"program\":");
		json_text_put(out, by->program);
	}
	if (by != NULL && by->number != 0)
		buf_printf(out, ",\"session\":%u", by->number);
	if (by != NULL && by->qid != NULL) {
		buf_puts(out, ",\"queue_id\":");
		json_text_put(out, by->qid);
	}
	for (; pairs->name != NULL; pairs++) {
		if (pairs->value == NULL)
			continue;
		buf_putc(out, ',');
		json_text_put(out, pairs->name);
		buf_putc(out, ':');
		if (is_number(type, pairs->name) && pairs->value[0] != '\0' &&
		    pairs->value[strspn(pairs->value, "0123456789.")] == '\0')
			buf_puts(out, pairs->value);
		else
			json_text_put(out, pairs->value);
	}
	buf_puts(out, "}\n");
}

/* Syslog takes one datagram a line; nobody waits for it. */
static void
send_syslog(enum event_level level, char *line, size_t n)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };
	char stamp[LOCAL_TIME_TEXT], head[LOCAL_TIME_TEXT + 16];
	struct iovec parts[] = { { head, 0 }, { line, n } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	(void)local_time_text(stamp, clock_now(), "%b %e %H:%M:%S");
	(void)snprintf(head, sizeof head, "<%d>%s ",
	    FACILITY_MAIL | syslog_levels[level], stamp);
	parts[0].iov_len = strlen(head);
	if (sendmsg(syslog_fd, &message, MSG_NOSIGNAL) < 0 &&
	    (errno == ECONNREFUSED || errno == ENOTCONN) &&
	    connect(syslog_fd, (struct sockaddr *)&sun, sizeof sun) == 0)
		(void)sendmsg(syslog_fd, &message, MSG_NOSIGNAL);
}

/* The date and host in front of a line, made anew once per second. */
static void
put_stamp(struct buf *out)
{
	static _Thread_local int64_t last;
	static _Thread_local char text[LOCAL_TIME_TEXT];
	int64_t now = clock_now();

	if (now / CLOCK_SECOND != last) {
		(void)local_time_text(text, now, "%b %e %H:%M:%S");
		last = now / CLOCK_SECOND;
	}
	buf_printf(out, "%s %s ", text, host[0] != '\0' ? host : "localhost");
}

static void
write_out(int fd, struct buf *b)
{
	/* A full disk or a reader that has gone must not stop the mail: what
	 * cannot be written is lost. */
	if (b->len > 0 && fd >= 0 && write(fd, b->data, b->len) < 0)
		(void)0;
	buf_reset(b);
}

void
event_flush(void)
{
	write_out(target.fd, &held);
	write_out(target.json_fd, &held_json);
	if (!holding) {
		buf_free(&held);
		buf_free(&held_json);
	}
}

void
event_hold(int on)
{
	holding = on != 0;
	if (!holding)
		event_flush();
}

void
event_speak(const struct event_by *by)
{
	speaker = by;
}

/* Append a record as text and as JSON; where in the text its own begins. */
static size_t
put_record(struct buf *text, struct buf *json, const struct event_type *type,
    const struct event_by *by, const struct pair *pairs)
{
	size_t head;

	if (target.stamp && target.fd >= 0)
		put_stamp(text);
	head = text->len;
	put_text(text, type, by, pairs);
	if (target.json_fd >= 0)
		put_json(json, type, by, pairs);
	return head;
}

/* A line that is not whole is forgotten. */
static void
cut_to_lines(struct buf *b)
{
	const char *end = b->len > 0 ? memrchr(b->data, '\n', b->len) : NULL;

	buf_cut(b, end != NULL ? (size_t)(end + 1 - b->data) : 0);
}

/* Says it without asking for memory: there may be none, and what was being
 * written when there was none is in the buffers of this thread. */
static void
last_words(const char *severity, const char *text)
{
	static struct event_type type = { "died", EVENT_FATAL, "{text}",
		"a process ends itself", 0 };
	static _Thread_local bool dying;
	char all[1100], room[4096], json_room[12 * 1024];
	struct buf line = { .data = room, .size = sizeof room };
	struct buf json = { .data = json_room, .size = sizeof json_room };
	const struct pair pairs[] = { { "text", all }, { NULL, NULL } };
	size_t head;

	if (dying)
		return;
	dying = true;
	cut_to_lines(&held);
	cut_to_lines(&held_json);
	event_flush();
	(void)snprintf(all, sizeof all, "%s: %s", severity, text);
	head = put_record(&line, &json, &type, speaker, pairs);
	if (target.fd < 0) {
		send_syslog(type.level, line.data + head, line.len - head);
	} else {
		buf_putc(&line, '\n');
		write_out(target.fd, &line);
	}
	write_out(target.json_fd, &json);
	if (tapped != NULL)
		tapped(all);
}

static void
record(struct event_type *type, const struct event_by *by,
    const struct pair *pairs)
{
	size_t start, head;

	if (by == NULL)
		by = speaker;
	(void)atomic_fetch_add_explicit(&type->count, 1, memory_order_relaxed);
	if (type->level == EVENT_DEBUG && !target.debug)
		return;
	start = held.len;
	head = put_record(&held, &held_json, type, by, pairs);
	if (tapped != NULL && type->level >= EVENT_WARNING)
		tapped(strstr(held.data + head, "]: ") + 3);
	if (target.fd < 0) {
		send_syslog(type->level, held.data + head, held.len - head);
		buf_cut(&held, start);
	} else {
		buf_putc(&held, '\n');
	}
	if (!holding || held.len > MOST_HELD || held_json.len > MOST_HELD)
		event_flush();
}

void
event(struct event_type *type, const struct event_by *by, ...)
{
	struct pair pairs[MOST_FIELDS + 1];
	size_t n = 0;
	va_list ap;

	va_start(ap, by);
	while ((pairs[n].name = va_arg(ap, const char *)) != NULL) {
		must(n < MOST_FIELDS);
		pairs[n++].value = va_arg(ap, const char *);
	}
	va_end(ap);
	record(type, by, pairs);
}

static struct event_type plain[] = {
	[EVENT_DEBUG] = { "debug", EVENT_DEBUG, "{text}", "for tracing", 0 },
	[EVENT_INFO] = { "info", EVENT_INFO, "{text}", "a remark", 0 },
	[EVENT_WARNING] = { "warning", EVENT_WARNING, "warning: {text}",
	    "something an administrator should look at", 0 },
};

static void __attribute__((format(printf, 3, 0))) say(enum event_level level,
    const struct event_by *by, const char *format, va_list ap)
{
	struct pair pairs[2] = { { "text", NULL }, { NULL, NULL } };
	char text[2048];

	(void)vsnprintf(text, sizeof text, format, ap);
	pairs[0].value = text;
	record(&plain[level], by, pairs);
}

void
event_warning(const struct event_by *by, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(EVENT_WARNING, by, format, ap);
	va_end(ap);
}

void
event_info(const struct event_by *by, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(EVENT_INFO, by, format, ap);
	va_end(ap);
}

void
event_debug(const struct event_by *by, const char *format, ...)
{
	va_list ap;

	if (!target.debug)
		return;
	va_start(ap, format);
	say(EVENT_DEBUG, by, format, ap);
	va_end(ap);
}
