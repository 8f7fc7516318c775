/* text_checks.c - see text_checks.h.  Of each reading of a part: octets, decoded
 * by parts.c, become UTF-8 (charset.c), HTML becomes text (html_text.c), text
 * becomes lines (text_lines.c), and those are asked about (content_judge.c). */
#include "checks/text_checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/charset.h"
#include "base/fatal.h"
#include "base/html_text.h"
#include "checks/checks_params.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/encoded_word.h"
#include "checks/parts_rules.h"
#include "checks/parts_stage.h"
#include "checks/text_lines.h"

struct text_checks {
	struct parts_rules rules;
	size_t part_size; /* octets of a part to look at; 0: all */
};

/* A text that is being read. */
struct reading {
	struct charset *charset; /* NULL: it is none */
	size_t size;             /* so far */
	struct text_lines written;
	bool is_html;
	struct html_text html;
	struct text_lines read; /* of HTML */
};

struct reader {
	struct parts_stage base;
	const struct text_checks *checks;
	struct reading readings[TRANSFER_ENCODINGS];
	struct buf text, plain; /* of one call */
};

struct text_checks *
text_checks_open(struct conf *conf, const char *class, size_t header_size,
    size_t line_length, struct err *err)
{
	struct text_checks *checks = calloc(1, sizeof *checks);
	const struct parts_rules_name name = {
		.parameter = "text_checks",
		.class = class,
		.header_size = header_size,
		.line_length = line_length < TEXT_LINES_LEAST ? TEXT_LINES_LEAST
							      : line_length,
	};
	struct checks_params params;

	if (checks == NULL)
		fatal("out of memory");
	if (!parts_rules_open(&checks->rules, &name, conf, &params, err)) {
		text_checks_close(checks);
		return NULL;
	}
	checks->part_size = (size_t)params.text_checks_size_limit;
	return checks;
}

void
text_checks_close(struct text_checks *checks)
{
	if (checks == NULL)
		return;
	parts_rules_close(&checks->rules);
	free(checks);
}

bool
text_checks_block(const struct text_checks *checks)
{
	return parts_rules_block(&checks->rules);
}

static void
take_line(void *arg, const char *text, size_t len)
{
	struct reader *r = arg;

	content_judge_ask(&r->base.judge, "text", text, len);
}

static void
take_header(void *arg, const char *text, size_t len)
{
	struct reader *r = arg;
	struct buf *unfolded = &r->plain;

	buf_reset(&r->text);
	buf_reset(unfolded);
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n')
			buf_putc(unfolded, text[i]);
	encoded_word_decode(buf_str(unfolded), unfolded->len, &r->text);
	buf_reset(&r->plain);
	text_lines_clean(buf_str(&r->text), r->text.len, &r->plain);
	content_judge_ask(
	    &r->base.judge, "header", buf_str(&r->plain), r->plain.len);
}

static void
begin(void *arg, const struct part *part, enum transfer_encoding which)
{
	struct reader *r = arg;
	struct reading *reading = &r->readings[which];

	if (!part->text)
		return;
	reading->charset = charset_open(part->charset, strlen(part->charset));
	reading->size = 0;
	reading->is_html = part->html;
	reading->html = (struct html_text){ 0 };
}

/* What is in r->text, of ${reading}. */
static void
ask_text(struct reader *r, struct reading *reading)
{
	text_lines_feed(&reading->written, buf_str(&r->text), r->text.len);
	if (!reading->is_html)
		return;
	buf_reset(&r->plain);
	html_text_feed(
	    &reading->html, buf_str(&r->text), r->text.len, &r->plain);
	text_lines_feed(&reading->read, buf_str(&r->plain), r->plain.len);
}

static void
take_data(void *arg, enum transfer_encoding which, const char *data, size_t n)
{
	struct reader *r = arg;
	struct reading *reading = &r->readings[which];
	size_t most = r->checks->part_size;

	if (reading->charset == NULL || r->base.judge.verdict->done)
		return;
	if (most > 0 && n > most - reading->size)
		n = most - reading->size;
	reading->size += n;
	buf_reset(&r->text);
	charset_feed(reading->charset, data, n, &r->text);
	ask_text(r, reading);
}

static void
end(void *arg, enum transfer_encoding which)
{
	struct reader *r = arg;
	struct reading *reading = &r->readings[which];

	if (reading->charset == NULL)
		return;
	buf_reset(&r->text);
	charset_end(reading->charset, &r->text);
	ask_text(r, reading);
	text_lines_end(&reading->written);
	if (reading->is_html) {
		buf_reset(&r->plain);
		html_text_end(&reading->html, &r->plain);
		text_lines_feed(
		    &reading->read, buf_str(&r->plain), r->plain.len);
		text_lines_end(&reading->read);
	}
	charset_close(reading->charset);
	reading->charset = NULL;
}

static const struct parts_sink sink = {
	.header = take_header,
	.begin = begin,
	.data = take_data,
	.end = end,
	.fault = parts_stage_fault,
};

static void
release(struct parts_stage *stage)
{
	struct reader *r = (struct reader *)stage;

	for (size_t i = 0; i < TRANSFER_ENCODINGS; i++) {
		charset_close(r->readings[i].charset);
		text_lines_free(&r->readings[i].written);
		text_lines_free(&r->readings[i].read);
	}
	buf_free(&r->text);
	buf_free(&r->plain);
	free(r);
}

struct content_stage *
text_checks_new(const struct text_checks *checks, const struct subject *subject,
    struct content_verdict *verdict, struct content_stage *next)
{
	struct reader *r = calloc(1, sizeof *r);
	const struct text_lines lines = { .line = take_line,
		.arg = r,
		.longest = checks->rules.options.line_length };

	if (r == NULL)
		fatal("out of memory");
	r->base.release = release;
	r->base.judge = (struct content_judge){
		.subject = subject,
		.verdict = verdict,
	};
	r->checks = checks;
	for (size_t i = 0; i < TRANSFER_ENCODINGS; i++)
		r->readings[i].written = r->readings[i].read = lines;
	parts_stage_begin(&r->base, &checks->rules, &sink, next);
	return &r->base.stage;
}
