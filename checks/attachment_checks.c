/* attachment_checks.c - see attachment_checks.h. */
#include "checks/attachment_checks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "checks/attachment_name.h"
#include "checks/checks_params.h"
#include "checks/content_verdict.h"
#include "checks/parts_rules.h"
#include "checks/parts_stage.h"
#include "checks/tokens.h"
#include "checks/zip_names.h"

enum { FIRST = 4 }; /* octets that say what a file is */

struct attachment_checks {
	struct parts_rules rules;
	struct zip_limits limits; /* of each message */
};

/* One reading of a part. */
struct file {
	char first[FIRST];
	size_t nfirst;
	struct zip_names *zip; /* NULL: it is none, or not known yet */
};

struct inspector {
	struct parts_stage base;
	struct zip_limits limits;
	struct zip_names_sink zip_sink;
	struct file files[TRANSFER_ENCODINGS];
	bool says_zip; /* the latest headers do */
	struct buf line;
};

struct attachment_checks *
attachment_checks_open(struct conf *conf, const char *class, size_t header_size,
    size_t line_length, struct err *err)
{
	struct attachment_checks *checks = calloc(1, sizeof *checks);
	const struct parts_rules_name name = {
		.parameter = "attachment_checks",
		.class = class,
		.header_size = header_size,
		.line_length = line_length,
	};
	struct checks_params params;

	if (checks == NULL)
		fatal("out of memory");
	if (!parts_rules_open(&checks->rules, &name, conf, &params, err)) {
		attachment_checks_close(checks);
		return NULL;
	}
	checks->limits = (struct zip_limits){
		.members = (uint64_t)params.attachment_checks_member_limit,
		.inflated = (uint64_t)params.attachment_checks_inflate_limit,
	};
	return checks;
}

void
attachment_checks_close(struct attachment_checks *checks)
{
	if (checks == NULL)
		return;
	parts_rules_close(&checks->rules);
	free(checks);
}

bool
attachment_checks_block(const struct attachment_checks *checks)
{
	return parts_rules_block(&checks->rules);
}

/* "label: text" */
static void
ask(struct inspector *i, const char *label, const char *text, size_t len)
{
	buf_reset(&i->line);
	buf_puts(&i->line, label);
	buf_puts(&i->line, ": ");
	buf_put(&i->line, text, len);
	content_judge_ask(
	    &i->base.judge, "attachment", i->line.data, i->line.len);
}

static bool
ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && strncasecmp(text + len - n, end, n) == 0;
}

static void
take_name(void *arg, const char *text, size_t len)
{
	struct inspector *i = arg;

	if (ends_with(text, len, ".zip"))
		i->says_zip = true;
	ask(i, "name", text, len);
}

static void
take_clean_member(void *arg, const char *text, size_t len)
{
	ask(arg, "member", text, len);
}

static void
take_member(void *arg, const char *text, size_t len)
{
	const struct attachment_name_sink names = { take_clean_member, arg };

	attachment_name_tell(text, len, &names);
}

static void
take_fact(void *arg, enum zip_fact fact)
{
	static const char *const words[ZIP_FACTS] = {
		[ZIP_ENCRYPTED] = "encrypted",
		[ZIP_DAMAGED] = "damaged",
		[ZIP_NESTED] = "nested",
		[ZIP_LIMIT] = "limit",
	};

	ask(arg, "zip", words[fact], strlen(words[fact]));
}

/* The value of a Content-Type up to the first ";", without comments. */
static void
take_type(struct inspector *i, const char *p, const char *end)
{
	struct tokens t = { .p = p, .end = end };
	struct buf type = { 0 };

	if (tokens_next(&t))
		for (size_t k = 0; k < t.count; k++)
			buf_puts(&type, t.list[k].text);
	for (size_t k = 0; k < type.len; k++)
		if (type.data[k] >= 'A' && type.data[k] <= 'Z')
			type.data[k] = (char)(type.data[k] | 0x20);
	if (ends_with(buf_str(&type), type.len, "zip") ||
	    ends_with(buf_str(&type), type.len, "zip-compressed"))
		i->says_zip = true;
	if (type.len > 0)
		ask(i, "type", type.data, type.len);
	buf_free(&t.memory);
	buf_free(&type);
}

static void
take_header(void *arg, const char *text, size_t len)
{
	struct inspector *i = arg;
	const struct attachment_name_sink names = { take_name, i };
	static const char many[] = "too many";
	const char *end = text + len;
	bool is_type = mime_is(text, len, "Content-Type");

	if (!is_type && !mime_is(text, len, "Content-Disposition"))
		return;
	text = (const char *)memchr(text, ':', len) + 1;
	if (is_type)
		take_type(i, text, end);
	if (!attachment_name_find(text, (size_t)(end - text), &names))
		ask(i, "names", many, sizeof many - 1);
}

static void
begin(void *arg, const struct part *part, enum transfer_encoding reading)
{
	struct inspector *i = arg;
	struct file *file = &i->files[reading];

	(void)part;
	*file = (struct file){ .nfirst = 0 };
	if (i->says_zip)
		file->zip = zip_names_new(&i->zip_sink, &i->limits);
}

static void
take_data(void *arg, enum transfer_encoding reading, const char *data, size_t n)
{
	struct inspector *i = arg;
	struct file *file = &i->files[reading];
	size_t some = FIRST - file->nfirst;

	if (file->zip == NULL && some > 0) {
		some = some < n ? some : n;
		memcpy(file->first + file->nfirst, data, some);
		file->nfirst += some;
		data += some;
		n -= some;
		if (zip_names_begins(file->first, file->nfirst)) {
			file->zip = zip_names_new(&i->zip_sink, &i->limits);
			zip_names_feed(file->zip, file->first, FIRST);
		}
	}
	if (file->zip != NULL && !i->base.judge.verdict->done)
		zip_names_feed(file->zip, data, n);
}

static void
end(void *arg, enum transfer_encoding reading)
{
	struct inspector *i = arg;
	struct file *file = &i->files[reading];

	if (file->zip != NULL)
		zip_names_end(file->zip);
	zip_names_free(file->zip);
	file->zip = NULL;
	i->says_zip = false;
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
	struct inspector *i = (struct inspector *)stage;

	for (size_t k = 0; k < TRANSFER_ENCODINGS; k++)
		zip_names_free(i->files[k].zip);
	buf_free(&i->line);
	free(i);
}

struct content_stage *
attachment_checks_new(const struct attachment_checks *checks,
    const struct subject *subject, struct content_verdict *verdict,
    struct content_stage *next)
{
	struct inspector *i = calloc(1, sizeof *i);

	if (i == NULL)
		fatal("out of memory");
	i->base.release = release;
	i->base.judge = (struct content_judge){
		.subject = subject,
		.verdict = verdict,
	};
	i->limits = checks->limits;
	i->zip_sink = (struct zip_names_sink){
		.member = take_member,
		.fact = take_fact,
		.arg = i,
	};
	parts_stage_begin(&i->base, &checks->rules, &sink, next);
	return &i->base.stage;
}
