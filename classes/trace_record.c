/* trace_record.c - see trace_record.h. */
#include "classes/trace_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_text.h"

/* The fields of a step's line. */
enum field {
	DEPTH,
	LIST,
	RESTRICTION,
	INPUT,
	ANSWER,
	FILE_NAME,
	LINE,
	TIME_TAKEN, /* nanoseconds; negative: not known */
	DECIDED,    /* "1": it is the decision */
	FIELDS,
};

/* Tab and line feed are between fields, so within them they are written as
 * letters behind a backslash. */
static const char escaped[] = "\t\n\\", letters[] = "tn\\";

static void
put_field(struct buf *out, const char *text, char end)
{
	size_t n;

	for (; text != NULL && *text != '\0'; text += n) {
		n = strcspn(text, escaped);
		buf_put(out, text, n);
		if (text[n] == '\0')
			break;
		buf_putc(out, '\\');
		buf_putc(out, letters[strchr(escaped, text[n]) - escaped]);
		n++;
	}
	buf_putc(out, end);
}

void
trace_record_write(const struct trace_record *record, struct buf *out)
{
	for (unsigned i = 0; i < TRACE_FACTS; i++)
		put_field(
		    out, record->facts[i], i + 1 < TRACE_FACTS ? '\t' : '\n');
	for (const struct trace_step *s = record->trace.steps; s != NULL;
	     s = s->next) {
		buf_printf(out, "%u\t", s->depth);
		put_field(out, s->list, '\t');
		put_field(out, s->restriction, '\t');
		put_field(out, s->input, '\t');
		put_field(out, s->answer, '\t');
		put_field(out, s->file, '\t');
		buf_printf(out, "%u\t%" PRId64 "\t%d\n", s->line,
		    s->nanoseconds, s == record->trace.decision);
	}
}

/* What is left of a record. */
struct reader {
	const char *p, *end;
	struct arena *arena;
};

/* The next field, which must end in ${end}; NULL: it does not. */
static const char *
take_field(struct reader *r, char end)
{
	const char *stop = r->p, *found;
	char *text, *to;

	while (stop < r->end && *stop != '\t' && *stop != '\n')
		stop++;
	if (stop == r->end || *stop != end)
		return NULL;
	text = to = arena_strndup(r->arena, r->p, (size_t)(stop - r->p));
	for (const char *from = text; *from != '\0'; from++) {
		found = *from == '\\' && from[1] != '\0'
		    ? strchr(letters, from[1])
		    : NULL;
		*to++ = *(found != NULL ? escaped + (found - letters) : from);
		from += found != NULL;
	}
	*to = '\0';
	r->p = stop + 1;
	return text;
}

static bool
take_fields(struct reader *r, const char **fields, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fields[i] = take_field(r, i + 1 < n ? '\t' : '\n');
		if (fields[i] == NULL)
			return false;
	}
	return true;
}

static const char *
or_none(const char *text)
{
	return *text != '\0' ? text : NULL;
}

bool
trace_record_read(const char *data, size_t len, struct arena *arena,
    struct trace_record *record)
{
	struct reader r = { data, data + len, arena };
	struct trace *trace = &record->trace;
	const char *f[FIELDS];

	*record = (struct trace_record){ 0 };
	trace->tail = &trace->steps;
	if (memchr(data, '\0', len) != NULL ||
	    !take_fields(&r, record->facts, TRACE_FACTS))
		return false;
	while (r.p < r.end) {
		struct trace_step *s = arena_alloc(arena, sizeof *s);

		if (!take_fields(&r, f, FIELDS))
			return false;
		s->depth = (unsigned)strtoul(f[DEPTH], NULL, 10);
		s->list = f[LIST];
		s->restriction = f[RESTRICTION];
		s->input = or_none(f[INPUT]);
		s->answer = f[ANSWER];
		s->file = or_none(f[FILE_NAME]);
		s->line = (unsigned)strtoul(f[LINE], NULL, 10);
		s->nanoseconds = strtoll(f[TIME_TAKEN], NULL, 10);
		if (*f[DECIDED] == '1')
			trace->decision = s;
		*trace->tail = s;
		trace->tail = &s->next;
	}
	return true;
}

void
trace_record_head(const struct trace_record *record, struct buf *out)
{
	static const char *const forms[TRACE_FACTS] = {
		[TRACE_ID] = "%s",
		[TRACE_TIME] = " %s",
		[TRACE_NUMBER] = " number=%s",
		[TRACE_CLIENT] = " client=%s",
		[TRACE_STAGE] = " stage=%s",
		[TRACE_QUEUE_ID] = " qid=%s",
		[TRACE_FROM] = " from=<%s>",
		[TRACE_TO] = " to=<%s>",
		[TRACE_PROTOCOL] = " proto=%s",
		[TRACE_HELO] = " helo=<%s>",
		[TRACE_ANSWER] = " answer=\"%s\"",
	};

	for (unsigned i = 0; i < TRACE_FACTS; i++) {
		const char *percent = strchr(forms[i], '%');

		buf_put(out, forms[i], (size_t)(percent - forms[i]));
		trace_print_text(record->facts[i], out);
		buf_puts(out, percent + 2);
	}
	buf_putc(out, '\n');
}

void
trace_record_print(const struct trace_record *record, struct buf *out)
{
	trace_record_head(record, out);
	trace_print(&record->trace, out);
}

void
trace_record_json(const struct trace_record *record, struct buf *out)
{
	static const char *const names[TRACE_FACTS] = {
		[TRACE_ID] = "id",
		[TRACE_TIME] = "time",
		[TRACE_NUMBER] = "session",
		[TRACE_CLIENT] = "client",
		[TRACE_STAGE] = "stage",
		[TRACE_QUEUE_ID] = "queue_id",
		[TRACE_FROM] = "sender",
		[TRACE_TO] = "recipient",
		[TRACE_PROTOCOL] = "protocol",
		[TRACE_HELO] = "helo",
		[TRACE_ANSWER] = "answer",
	};

	buf_putc(out, '{');
	for (unsigned i = 0; i < TRACE_FACTS; i++)
		json_text_member(out, names[i], record->facts[i]);
	trace_json_steps(&record->trace, out);
	buf_puts(out, "}\n");
}
