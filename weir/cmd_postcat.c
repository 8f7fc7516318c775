/* cmd_postcat.c - see cmd_postcat.h: a message of the queue in full. */
#include "weir/cmd_postcat.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/local_time.h"
#include "queue/admin.h"
#include "queue/envelope.h"
#include "weir/options.h"
#include "weir/queue_listing.h"
#include "weir/queue_tool.h"

struct request {
	struct queue_tool tool;
	bool envelope, header, body; /* none: all */
	bool sections;               /* print the lines between the parts */
	bool cr;       /* the last octet of the body so far was one */
	char name[64]; /* "deferred/ID" */
};

static void
section(const struct request *r, const char *title)
{
	if (r->sections)
		(void)printf("*** %s %s ***\n", title, r->name);
}

/* Text is stored with CRLF and shown with LF. */
static void
put_text(struct request *r, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (r->cr && data[i] != '\n')
			(void)putchar('\r');
		r->cr = data[i] == '\r';
		if (!r->cr)
			(void)putchar(data[i]);
	}
}

static void
put_time(const char *name, int64_t ns)
{
	char date[LOCAL_TIME_TEXT];

	(void)printf("%s: %s\n", name,
	    local_time_text(date, ns, "%a %b %e %H:%M:%S %Y"));
}

static void
put_attribute(const char *name, const char *value)
{
	if (value[0] != '\0')
		(void)printf("named_attribute: %s=%s\n", name, value);
}

static void
put_rcpt(const struct envelope_rcpt *r)
{
	put_attribute("dsn_orig_rcpt", r->orcpt);
	if (r->notify != 0)
		(void)printf("named_attribute: notify_flags=%u\n", r->notify);
	if (r->original[0] != '\0')
		(void)printf("original_recipient: %s\n", r->original);
	(void)printf("%s: %s\n",
	    r->state == ENVELOPE_TODO || r->state == ENVELOPE_HELD
		? "recipient"
		: "done_recipient",
	    r->address);
}

static void
put_envelope(const struct envelope *e)
{
	/* Postfix's six numbers: size, offset of the text in the file (here
	 * there is none), recipients, flags, length, options. */
	(void)printf("message_size: %15llu %15d %15zu %15d %15llu %15d\n",
	    (unsigned long long)e->size, 0, e->nrcpts, 0,
	    (unsigned long long)e->size, e->utf8 ? 1 : 0);
	put_time("message_arrival_time", e->arrival);
	put_time("create_time", e->arrival);
	put_attribute("log_client_name", e->client_name);
	put_attribute("log_client_address", e->client_addr);
	put_attribute("log_client_port", e->client_port);
	put_attribute("log_helo_name", e->helo);
	put_attribute("log_protocol_name", e->protocol);
	put_attribute("sasl_method", e->sasl_method);
	put_attribute("sasl_username", e->sasl_username);
	put_attribute("encoding", e->eight_bit ? "8bit" : "");
	if (e->filter[0] != '\0')
		(void)printf("content_filter: %s\n", e->filter);
	(void)printf("sender: %s\n", e->sender);
	put_attribute("envelope_id", e->envid);
	if (envelope_has_verp(e))
		(void)printf("verp_delimiters: %s\n", e->verp);
	if (e->ret != 0)
		(void)printf(
		    "named_attribute: ret_flags=%d\n", e->ret == 'F' ? 1 : 2);
	for (size_t i = 0; i < e->nrcpts; i++)
		put_rcpt(&e->rcpts[i]);
}

/* Where the empty line that ends the header begins. */
static size_t
header_length(const struct envelope *e)
{
	if (e->nheaders >= 4 &&
	    memcmp(e->headers + e->nheaders - 4, "\r\n\r\n", 4) == 0)
		return e->nheaders - 2;
	return e->nheaders;
}

static void
put_message(void *arg, enum admin_state state, const struct envelope *e)
{
	struct request *r = arg;
	size_t n = header_length(e);

	(void)snprintf(r->name, sizeof r->name, "%s/%s",
	    queue_listing_name(state), e->qid);
	section(r, "ENVELOPE RECORDS");
	if (r->envelope)
		put_envelope(e);
	section(r, "MESSAGE CONTENTS");
	if (r->header)
		put_text(r, e->headers, n);
	if (r->body) {
		put_text(r, e->headers + n, e->nheaders - n);
		put_text(r, e->body, e->nbody);
	}
}

static void
put_chunk(void *arg, const char *data, size_t n)
{
	struct request *r = arg;

	if (r->body)
		put_text(r, data, n);
}

static void
show(struct request *r, const char *qid)
{
	struct err err = { "No such file or directory" };
	int there = 0;

	r->cr = false;
	if (envelope_qid_valid(qid))
		there = admin_cat(
		    r->tool.admin, qid, put_message, put_chunk, r, &err);
	if (there <= 0)
		queue_tool_fail(
		    &r->tool, "open queue file %s: %s", qid, err.text);
	section(r, "HEADER EXTRACTED");
	section(r, "MESSAGE FILE END");
}

static _Noreturn void
usage(const struct queue_tool *tool)
{
	queue_tool_fail(tool,
	    "usage: postcat -q [-b (body text)] [-c config_dir] "
	    "[-e (envelope)] [-h (header text)] queue_id...");
}

int
cmd_postcat(int argc, char **argv)
{
	struct request r = { .tool = { .program = "postcat", .status = 1 } };
	struct options o = { .argc = argc, .argv = argv };
	const char *dir = NULL;
	bool queue = false;
	int letter;

	while ((letter = options_next(&o, "bc:ehqv")) != -1) {
		if (letter == '?')
			usage(&r.tool);
		if (letter == 'c')
			dir = o.value;
		queue |= letter == 'q';
		r.body |= letter == 'b';
		r.envelope |= letter == 'e';
		r.header |= letter == 'h';
	}
	/* There are no queue files that could be named. */
	if (!queue || o.next == argc)
		usage(&r.tool);
	r.sections = r.envelope || (!r.header && !r.body);
	if (!r.body && !r.envelope && !r.header)
		r.body = r.envelope = r.header = true;
	queue_tool_start(&r.tool, dir);
	queue_tool_open(&r.tool);
	for (; o.next < argc; o.next++)
		show(&r, argv[o.next]);
	queue_tool_end(&r.tool);
	return fflush(stdout) == 0 ? 0 : 1;
}
