/* content_checks.c - see content_checks.h.  The parser of mime.c sees the whole
 * message; what it emits is looked up and passed on. */
#include "checks/content_checks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "checks/body_lines.h"
#include "checks/content_action.h"
#include "checks/content_lists.h"
#include "checks/content_out.h"
#include "checks/content_question.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/mime.h"
#include "checks/subject.h"
#include "rules/table.h"
#include "rules/world.h"

struct checker {
	struct content_stage stage;
	const struct content_lists *lists;
	const struct subject *subject;
	struct mime *mime;
	struct arena *scratch;
	struct buf out;         /* of the body, until the end of a call */
	struct body_lines held; /* that go there, and must be looked at */
	bool separator_next;    /* the next line is the one that was put in
			      * between headers and body */
	bool ending;
	bool passive; /* only to see what encodings are announced */
	bool parts;   /* there may be some */
	void (*watch)(void *arg, const struct content_seen *seen);
	void *watch_arg;
};

/* The key for a look-up: ${text} as a string.  A NUL must not hide what
 * stands behind it. */
static const char *
make_key(struct checker *c, const char *text, size_t len)
{
	char *key = arena_strndup(c->scratch, text, len);

	for (char *p = key; (p = memchr(p, '\0', (size_t)(key + len - p)));)
		*p = ' ';
	return key;
}

/* What log lines are made of, in memory that does not grow with them. */
static struct subject
for_log(const struct checker *c)
{
	struct subject subject = *c->subject;

	subject.arena = c->scratch;
	return subject;
}

/* Ask the list for ${e} about it and act on the answer. */
static void
look(struct checker *c, struct content_seen *e)
{
	const struct table_list *list = c->lists->tables[e->class];
	struct content_match match = {
		.subject = c->subject,
		.verdict = c->stage.verdict,
		.scratch = c->scratch,
		.header = e->class != CONTENT_BODY,
		.sending = c->lists->sending,
		.apart = c->lists->apart,
		.longest = c->lists->options.header_size,
	};
	struct content_answer answer = { .fate = CONTENT_KEEP };

	if (list == NULL || e->len == 0 || c->stage.verdict->done)
		return;
	e->list = list->name;
	match.content = make_key(c, e->text, e->len);
	content_question_ask(list, &match, &answer);
	e->value = answer.value;
	e->fate = answer.fate;
	e->result = answer.result;
}

static void
tell(const struct checker *c, const struct content_seen *e)
{
	if (c->watch != NULL)
		c->watch(c->watch_arg, e);
}

static bool
is_mime(const char *text, size_t len)
{
	static const char *const names[] = {
		"Content-Description",
		"Content-Disposition",
		"Content-ID",
		"Content-Transfer-Encoding",
		"Content-Type",
		"MIME-Version",
	};
	size_t n = mime_name(text, len);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n &&
		    strncasecmp(names[i], text, n) == 0)
			return true;
	return false;
}

/* The value of a header, if it has this name; or NULL. */
static const char *
value_of(const char *text, size_t len, const char *name, size_t *n)
{
	size_t i = strlen(name);

	if (mime_name(text, len) != i || strncasecmp(text, name, i) != 0)
		return NULL;
	i = (size_t)((const char *)memchr(text, ':', len) + 1 - text);
	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	*n = len - i;
	return text + i;
}

static bool
begins(const char *text, size_t n, const char *word)
{
	size_t len = strlen(word);

	return n >= len && strncasecmp(text, word, len) == 0;
}

/* What a header says about the octets that follow. */
static void
note_encoding(struct checker *c, const char *text, size_t len)
{
	size_t n;
	const char *p = value_of(text, len, "Content-Transfer-Encoding", &n);

	if (p != NULL &&
	    ((n == 4 && begins(p, n, "8bit")) ||
		(n == 6 && begins(p, n, "binary"))))
		c->stage.verdict->eight_bit = true;
	p = value_of(text, len, "Content-Type", &n);
	if (p != NULL && !begins(p, n, "text/"))
		c->parts = true;
}

/* Pass a header on: the message's own to the next stage as such, others as
 * lines of the body. */
static void
put_header(struct checker *c, enum mime_class of, const char *text, size_t len)
{
	if (of == MIME_MAIN)
		c->stage.next->ops->header(c->stage.next, text, len);
	else
		content_out_header(&c->out, text, len);
}

static void
put_prepended(struct checker *c, enum mime_class of, const char *text)
{
	if (of == MIME_MAIN)
		content_stage_made(c->stage.next, text, strlen(text));
	else
		content_out_header(&c->out, text, strlen(text));
}

/* A line, or what a table has made of it. */
static void
put_edited(struct checker *c, const struct content_seen *e, bool ends)
{
	if (e->fate == CONTENT_PREPEND)
		content_out_line(&c->out, e->result, strlen(e->result), true);
	if (e->fate == CONTENT_REPLACE)
		content_out_line(&c->out, e->result, strlen(e->result), ends);
	else if (e->fate != CONTENT_DROP)
		content_out_line(&c->out, e->text, e->len, ends);
	arena_reset(c->scratch);
}

static enum table_hint
hint_of_lines(void *arg, const char *text, size_t len)
{
	const struct checker *c = arg;

	return world_hint(
	    c->subject->world, c->lists->tables[CONTENT_BODY], text, len);
}

static void
take_line(void *arg, const char *text, size_t len, bool ends, bool silent)
{
	struct checker *c = arg;
	struct content_seen e = {
		.class = CONTENT_BODY, .text = text, .len = len
	};

	if (!silent)
		look(c, &e);
	put_edited(c, &e, ends);
}

/* The lines that wait for it are done with before anything else happens. */
static void
look_at_lines(struct checker *c)
{
	static const struct body_lines_ops ops = { hint_of_lines, take_line };

	body_lines_look(&c->held, &ops, c);
}

static void
take_header(
    void *arg, enum mime_class of, const char *text, size_t len, size_t offset)
{
	static const enum content_class classes[] = {
		[MIME_MAIN] = CONTENT_HEADER,
		[MIME_PART] = CONTENT_MIME,
		[MIME_NESTED] = CONTENT_NESTED,
	};
	struct checker *c = arg;
	struct content_seen e = {
		.class = classes[of], .text = text, .len = len, .offset = offset
	};

	if (c->lists->detect)
		note_encoding(c, text, len);
	if (c->passive)
		return;
	look_at_lines(c);
	if (is_mime(text, len))
		e.class = CONTENT_MIME;
	look(c, &e);
	tell(c, &e);
	switch (e.fate) {
	case CONTENT_PREPEND:
		put_prepended(c, of, e.result);
		put_header(c, of, text, len);
		break;
	case CONTENT_REPLACE:
		put_header(c, of, e.result, strlen(e.result));
		break;
	case CONTENT_KEEP:
		put_header(c, of, text, len);
		break;
	case CONTENT_DROP:
		break;
	}
	arena_reset(c->scratch);
}

static void
take_headers_end(void *arg)
{
	struct checker *c = arg;

	look_at_lines(c);
	/* A message that is all headers gets no empty line. */
	if (!c->ending && !c->passive)
		c->stage.next->ops->headers_end(c->stage.next);
}

static void
take_body(void *arg, const char *text, size_t len, bool ends, size_t offset)
{
	struct checker *c = arg;
	size_t limit = c->lists->body_size;
	bool wanted = limit == 0 || offset < limit;
	struct content_seen e = { .class = CONTENT_BODY,
		.text = text,
		.len = len,
		.offset = offset };

	if (c->passive)
		return;
	if (c->separator_next) {
		c->separator_next = false;
		return;
	}
	/* Who watches wants to know of each line what it was asked. */
	if (wanted && c->watch == NULL &&
	    c->lists->tables[CONTENT_BODY] != NULL &&
	    body_lines_add(&c->held, text, len, ends))
		return;
	look_at_lines(c);
	if (wanted)
		look(c, &e);
	tell(c, &e);
	put_edited(c, &e, ends);
}

static void
take_fault(void *arg, enum mime_fault fault, const char *text, size_t len)
{
	struct checker *c = arg;
	struct subject subject = for_log(c);

	look_at_lines(c);
	/* Whom it is about is for the door to say, or for the agent. */
	if (c->lists->apart || c->lists->sending)
		return;
	content_action_log_fault(&subject, fault, text, len);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static const struct mime_sink sink = {
	.header = take_header,
	.headers_end = take_headers_end,
	.body = take_body,
	.body_end = nothing,
	.fault = take_fault,
};

/* Pass on what one call has produced. */
static void
flush(struct checker *c)
{
	look_at_lines(c);
	if (c->out.len > 0)
		c->stage.next->ops->body(
		    c->stage.next, c->out.data, c->out.len);
	buf_reset(&c->out);
}

static void
stage_header(struct content_stage *stage, const char *text, size_t len)
{
	struct checker *c = (struct checker *)stage;

	mime_feed(c->mime, text, len);
	mime_feed(c->mime, "\n", 1);
	if (c->passive)
		stage->next->ops->header(stage->next, text, len);
}

static void
stage_headers_end(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;

	c->separator_next = true;
	mime_feed(c->mime, "\n", 1);
	flush(c);
	if (c->passive)
		stage->next->ops->headers_end(stage->next);
}

static void
stage_body(struct content_stage *stage, const char *data, size_t len)
{
	struct checker *c = (struct checker *)stage;

	if (!c->passive || (c->parts && !stage->verdict->eight_bit))
		mime_feed(c->mime, data, len);
	flush(c);
	if (c->passive)
		stage->next->ops->body(stage->next, data, len);
}

static void
stage_end(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;
	struct content_verdict *verdict = stage->verdict;

	c->ending = true;
	mime_end(c->mime);
	flush(c);
	if (mime_faults(c->mime) != 0 &&
	    !content_verdict_has(verdict, EFFECT_DISCARD))
		content_verdict_reject(verdict, 550, "5.6.0",
		    mime_fault_text(mime_fault_gravest(mime_faults(c->mime))));
	stage->next->ops->end(stage->next);
}

static void
stage_close(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;

	mime_free(c->mime);
	arena_free(c->scratch);
	buf_free(&c->out);
	body_lines_free(&c->held);
	free(c);
}

void
content_checks_convert(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;

	c->passive = false;
	mime_convert(c->mime);
}

void
content_checks_watch(struct content_stage *stage,
    void (*watch)(void *arg, const struct content_seen *seen), void *arg)
{
	struct checker *c = (struct checker *)stage;

	c->passive = false;
	c->watch = watch;
	c->watch_arg = arg;
}

struct content_stage *
content_checks_new(const struct content_lists *lists,
    const struct subject *subject, struct content_verdict *verdict,
    struct content_stage *next)
{
	static const struct content_stage_ops ops = {
		.header = stage_header,
		.headers_end = stage_headers_end,
		.body = stage_body,
		.end = stage_end,
		.close = stage_close,
	};
	struct checker *c = calloc(1, sizeof *c);

	if (c == NULL)
		fatal("out of memory");
	c->stage = (struct content_stage){
		.ops = &ops,
		.next = next,
		.verdict = verdict,
	};
	c->lists = lists;
	c->subject = subject;
	c->passive = content_lists_only_detect(lists);
	c->scratch = arena_new();
	c->mime = mime_new(&lists->options, &sink, c);
	return &c->stage;
}
