/* bounce_template.c - see bounce_template.h. */
#include "queue/bounce_template.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/utf8.h"

static const struct event_by bounce = { .program = "bounce" };

static const char plain[] = "us-ascii";
static const char daemon_address[] = "Mail Delivery System <MAILER-DAEMON>";

#define GREETING "This is the mail system at host $myhostname.\n\n"
#define HELP                                                                   \
	"If you need help, write to postmaster and include this report; the\n" \
	"attached text may be left out.\n\n"
#define CLOSING "                   The mail system\n"

static const struct bounce_template built_in[BOUNCE_TEMPLATE_KINDS] = {
	[BOUNCE_TEMPLATE_FAILURE] = { .kind = "failure",
	    .subject = "Undelivered Mail Returned to Sender",
	    .copy_subject = "Postmaster Copy: Undelivered Mail",
	    .text = GREETING
	    "Your message could not be delivered to the recipients named "
	    "below,\nand it will not be tried again. It is attached, or at "
	    "least its header.\n\n" HELP CLOSING },
	[BOUNCE_TEMPLATE_DELAY] = { .kind = "delay",
	    .subject = "Delayed Mail (still being retried)",
	    .copy_subject = "Postmaster Warning: Delayed Mail",
	    .text = GREETING
	    "THIS IS ONLY A WARNING. THERE IS NO NEED TO SEND YOUR MESSAGE "
	    "AGAIN.\n\n"
	    "Your message is late: it could not be delivered yet to the "
	    "recipients\nnamed below. It will be tried again until it is\n"
	    "$maximal_queue_lifetime_hours hour(s) old.\n\n" HELP CLOSING },
	[BOUNCE_TEMPLATE_SUCCESS] = { .kind = "success",
	    .subject = "Successful Mail Delivery Report",
	    .text = GREETING
	    "Your message was delivered to the recipients named below, or "
	    "handed on to\na mail system that does not report deliveries "
	    "itself.\n\n" CLOSING },
	[BOUNCE_TEMPLATE_VERIFY] = { .kind = "verify",
	    .subject = "Mail Delivery Status Report",
	    .text = GREETING
	    "This is the report of deliveries that you asked for.\n\n" CLOSING },
};

void
bounce_template_init(struct bounce_template templates[BOUNCE_TEMPLATE_KINDS])
{
	for (size_t i = 0; i < BOUNCE_TEMPLATE_KINDS; i++) {
		templates[i] = built_in[i];
		templates[i].file = "[built-in]";
		templates[i].charset = plain;
		templates[i].from = daemon_address;
	}
}

/* The length of the name that ${line} begins with, if it is a header: up to
 * the blanks before its colon; 0: it is none. */
static size_t
header_name(const char *line)
{
	size_t n = 0;

	while (isgraph((unsigned char)line[n]) && line[n] != ':')
		n++;
	return line[n + strspn(line + n, " \t")] == ':' ? n : 0;
}

/* Where a text is read. */
struct reading {
	const char *file, *p;
	unsigned line;
	struct arena *arena;
	bool warn;
};

/* "Name: value", of which ${n} octets are the name.  False: it cannot be
 * used. */
static bool
take_header(
    const struct reading *r, struct bounce_template *t, char *line, size_t n)
{
	const char **fields[] = { &t->charset, &t->from, &t->subject,
		&t->copy_subject };
	static const char *const names[] = { "Charset", "From", "Subject",
		"Postmaster-Subject" };
	char *value = strchr(line + n, ':') + 1;
	const char *wrong = "unknown";
	const char *what = "label";

	line[n] = '\0';
	value += strspn(value, " \t\r\v\f");
	if (*value == '\0' || !utf8_is_ascii(value)) {
		wrong = *value == '\0' ? "empty" : "non-ASCII";
		what = "value";
	}
	for (size_t i = 0; what[0] == 'l' && i < sizeof names / sizeof *names;
	     i++) {
		if (strcasecmp(line, names[i]) != 0)
			continue;
		if (*fields[i] != NULL) {
			*fields[i] = value;
			return true;
		}
		wrong = "inapplicable";
	}
	if (r->warn)
		event_warning(&bounce,
		    "%s: %s \"%s\" header %s in %s template -- ignoring this "
		    "template",
		    r->file, wrong, line, what, t->kind);
	return false;
}

/* Read what stands between the marks, ${text}, which is cut in pieces. */
static bool
read_template(const struct reading *r, struct bounce_template *t, char *text)
{
	size_t n = strspn(text, "\n");
	char *end;

	text += n;
	t->line += (unsigned)n;
	while ((n = header_name(text)) > 0) {
		end = strchrnul(text, '\n');
		if (*end == '\n')
			*end++ = '\0';
		if (!take_header(r, t, text, n))
			return false;
		text = end;
		t->line++;
	}
	/* Empty lines in front of the first that has something. */
	while (*(end = text + strspn(text, " \t\r\v\f")) == '\n') {
		text = end + 1;
		t->line++;
	}
	if (*end == '\0') {
		if (r->warn)
			event_warning(&bounce,
			    "%s: missing message text in %s template -- "
			    "ignoring this template",
			    r->file, t->kind);
		return false;
	}
	if (!utf8_is_ascii(text) && strcasecmp(t->charset, plain) == 0) {
		if (r->warn)
			event_warning(&bounce,
			    "%s: 8-bit message text in %s template; please "
			    "specify a charset value other than us-ascii -- "
			    "ignoring this template for now",
			    r->file, t->kind);
		return false;
	}
	t->file = r->file;
	t->text = text;
	return true;
}

/* The next line, without its "\n"; NULL: the end. */
static char *
next_line(struct reading *r)
{
	size_t n = strcspn(r->p, "\n");
	char *line;

	if (*r->p == '\0')
		return NULL;
	line = arena_strndup(r->arena, r->p, n);
	r->p += n + (r->p[n] == '\n');
	r->line++;
	return line;
}

/* "name = value", of ${line}, which is cut in two. */
static int
split(struct reading *r, char *line, char **name, char **value, struct err *err)
{
	static const char blanks[] = " \t\r\v\f";
	const char *why = NULL;
	char *end, *p;
	size_t n;

	*name = line + strspn(line, blanks);
	end = *name + strcspn(*name, " \t\r\v\f=");
	p = end + strspn(end, blanks);
	if (end == *name)
		why = "missing attribute name";
	else if (*p != '=')
		why = "missing '=' after attribute name";
	if (why != NULL) {
		err_set(err, "%s:%u: %s: \"%s\"", r->file, r->line, why, line);
		return -1;
	}
	*end = '\0';
	*value = p + 1 + strspn(p + 1, blanks);
	n = strlen(*value);
	while (n > 0 && isspace((unsigned char)(*value)[n - 1]))
		n--;
	(*value)[n] = '\0';
	return 0;
}

/* The lines up to ${marker}, which stands behind "<<". */
static int
gather(struct reading *r, const char *marker, struct buf *text, struct err *err)
{
	unsigned begun = r->line;
	const char *line;

	marker += strspn(marker, " \t\r\v\f");
	if (!isalnum((unsigned char)*marker)) {
		err_set(err, "%s:%u: %s end marker after <<", r->file, r->line,
		    *marker == '\0' ? "missing" : "malformed");
		return -1;
	}
	while ((line = next_line(r)) != NULL && strcmp(line, marker) != 0)
		buf_printf(text, "%s\n", line);
	if (line == NULL && r->warn)
		event_warning(&bounce, "%s:%u: missing \"%s\" end marker",
		    r->file, begun, marker);
	return 0;
}

/* ${line} is that of the first of ${text}. */
static void
take(struct reading *r, const char *name, const char *text, unsigned line,
    struct bounce_template templates[])
{
	static const char ending[] = "_template";
	struct bounce_template t;

	for (size_t i = 0; i < BOUNCE_TEMPLATE_KINDS; i++) {
		size_t n = strlen(templates[i].kind);

		if (strncmp(name, templates[i].kind, n) != 0 ||
		    strcmp(name + n, ending) != 0)
			continue;
		t = built_in[i];
		t.charset = plain;
		t.from = daemon_address;
		t.line = line;
		if (read_template(r, &t, arena_strdup(r->arena, text)))
			templates[i] = t;
		return;
	}
	if (r->warn)
		event_warning(&bounce,
		    "%s:%u: unknown template name: %s -- ignoring this "
		    "template",
		    r->file, line, name);
}

int
bounce_template_parse(const char *file, const char *text, struct arena *arena,
    struct bounce_template templates[], bool warn, struct err *err)
{
	struct reading r = {
		.file = file, .p = text, .arena = arena, .warn = warn
	};
	struct buf content = { 0 };
	char *line, *name, *value;
	unsigned begun;
	int status = 0;

	while (status == 0 && (line = next_line(&r)) != NULL) {
		const char *first = line + strspn(line, " \t\r\v\f");

		if (*first == '\0' || *first == '#')
			continue;
		begun = r.line;
		buf_reset(&content);
		status = split(&r, line, &name, &value, err);
		if (status == 0 && strncmp(value, "<<", 2) == 0) {
			status = gather(&r, value + 2, &content, err);
			begun++;
		} else if (status == 0) {
			buf_printf(&content, "%s\n", value);
		}
		if (status == 0)
			take(&r, name, buf_str(&content), begun, templates);
	}
	buf_free(&content);
	return status;
}
