/* message_report.c - see message_report.h. */
#include "weir/message_report.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_text.h"
#include "checks/content_checks.h"
#include "weir/message_trial.h"

static const char *class_word(enum content_class class)
{
	static const char *const words[] = {
		[CONTENT_HEADER] = "header",
		[CONTENT_MIME] = "mime header",
		[CONTENT_NESTED] = "nested header",
		[CONTENT_BODY] = "body",
	};

	return words[class];
}

/* A mail's octets, for a terminal: further lines are indented. */
static void
print_text(const char *text, size_t n, const char *indent)
{
	for (const char *p = text; p < text + n; p++) {
		unsigned char c = (unsigned char)*p;

		(void)putchar(
		    (c < 32 && c != '\t' && c != '\n') || c == 127 ? '?' : c);
		if (c == '\n')
			(void)fputs(indent, stdout);
	}
	(void)putchar('\n');
}

static void
seen_text(const struct content_seen *e)
{
	struct arena *arena = arena_new();

	(void)printf("  %s %zu: ", class_word(e->class), e->offset);
	print_text(e->text, e->len, "    ");
	if (e->value.text != NULL) {
		(void)printf("    %s: %s [%s]\n", e->list, e->value.text,
		    message_trial_place(
			arena, e->value.file, e->value.line, e->list));
		if (e->fate == CONTENT_DROP)
			(void)puts("    is left out");
		if (e->fate == CONTENT_REPLACE)
			(void)fputs("    becomes: ", stdout);
		if (e->fate == CONTENT_PREPEND)
			(void)fputs("    comes after: ", stdout);
		if (e->fate == CONTENT_REPLACE || e->fate == CONTENT_PREPEND)
			print_text(e->result, strlen(e->result), "      ");
	}
	arena_free(arena);
}

static void
seen_json(struct buf *out, const struct content_seen *e)
{
	static const char *const fates[] = { [CONTENT_DROP] = "removed",
		[CONTENT_REPLACE] = "replaced",
		[CONTENT_PREPEND] = "prepended" };
	struct arena *arena = arena_new();

	if (out->data[out->len - 1] != '[')
		buf_putc(out, ',');
	buf_putc(out, '{');
	json_text_member(out, "class", class_word(e->class));
	buf_printf(out, ",\"offset\":%zu", e->offset);
	json_text_member(out, "text", arena_strndup(arena, e->text, e->len));
	if (e->list != NULL)
		json_text_member(out, "list", e->list);
	if (e->value.text != NULL) {
		json_text_member(out, "answer", e->value.text);
		json_text_member(out, "rule",
		    message_trial_place(
			arena, e->value.file, e->value.line, e->list));
	}
	if (e->fate != CONTENT_KEEP)
		json_text_member(out, "edit", fates[e->fate]);
	if (e->result != NULL)
		json_text_member(out, "result", e->result);
	buf_putc(out, '}');
	arena_free(arena);
}

void
message_report_begin(struct message_report *r, const char *name)
{
	if (!r->json) {
		(void)puts(name);
		return;
	}
	buf_reset(&r->members);
	buf_putc(&r->members, '{');
	json_text_member(&r->members, "message", name);
	json_text_name(&r->members, "lines");
	buf_putc(&r->members, '[');
}

/* Where an element begins; of headers Postfix's count, which is the mime
 * module's, says only which is the first of its block. */
static size_t
offset(struct message_report *r, const struct content_seen *e)
{
	size_t at;

	if (e->class == CONTENT_BODY)
		return e->offset;
	at = e->offset > 0 ? r->at : 0;
	r->at = at + e->len + 1;
	return at;
}

void
message_report_seen(struct message_report *r, const struct content_seen *seen)
{
	struct content_seen e = *seen;

	e.offset = offset(r, seen);
	if (!r->lines && e.value.text == NULL)
		return;
	if (r->json)
		seen_json(&r->members, &e);
	else
		seen_text(&e);
}

/* What was looked at, of the message itself in the lists of classes, too. */
static const char *
label(const struct content_note *note)
{
	if (strcmp(note->table, "text_checks") == 0 ||
	    strcmp(note->table, "attachment_checks") == 0)
		return "decoded";
	return note->part;
}

static void
noted_json(struct buf *out, const struct content_note *note, const char *place)
{
	if (out->data[out->len - 1] != '[')
		buf_putc(out, ',');
	buf_putc(out, '{');
	json_text_member(out, "class", label(note));
	json_text_member(out, "text", note->input);
	json_text_member(out, "list", note->table);
	json_text_member(out, "answer", note->answer);
	json_text_member(out, "rule", place);
	buf_putc(out, '}');
}

void
message_report_noted(struct message_report *r, const struct content_note *note)
{
	struct arena *arena = arena_new();
	const char *place =
	    message_trial_place(arena, note->file, note->line, note->table);

	if (r->json) {
		noted_json(&r->members, note, place);
	} else {
		(void)printf("  %s: ", label(note));
		print_text(note->input, strlen(note->input), "    ");
		(void)printf(
		    "    %s: %s [%s]\n", note->table, note->answer, place);
	}
	arena_free(arena);
}

/* With the line ends of a text file. */
static void
put_result(const struct message_trial *t, struct buf *out)
{
	const struct buf *parts[] = { &t->message.keep.headers, NULL,
		&t->message.keep.body };

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i] == NULL && t->message.keep.ended &&
		    !t->message.keep.split)
			buf_putc(out, '\n');
		for (size_t j = 0; parts[i] != NULL && j < parts[i]->len; j++)
			if (parts[i]->data[j] != '\r' ||
			    j + 1 == parts[i]->len ||
			    parts[i]->data[j + 1] != '\n')
				buf_putc(out, parts[i]->data[j]);
	}
}

static void
recipients_json(const struct message_trial *t, struct buf *out)
{
	const struct message_trial_rcpt *r;

	json_text_name(out, "recipients");
	buf_putc(out, '[');
	for (r = t->rcpts; r < t->rcpts + t->nrcpts; r++) {
		buf_puts(out, r == t->rcpts ? "{" : ",{");
		json_text_member(out, "address", r->address);
		json_text_member(out, "decision", r->decision);
		if (r->outcome != NULL)
			json_text_member(out, "outcome", r->outcome);
		if (*r->by != '\0')
			json_text_member(out, "by", r->by);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

static void
recipients_text(const struct message_trial *t)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < t->nrcpts; i++)
		message_trial_print(&t->rcpts[i], &text);
	(void)fputs(buf_str(&text), stdout);
	buf_free(&text);
}

void
message_report_decision(const struct message_trial *t, struct buf *out)
{
	json_text_member(out, "decision", t->decision);
	if (*t->by != '\0')
		json_text_member(out, "by", t->by);
	if (*t->edits != '\0')
		json_text_member(out, "edited_by", t->edits);
	if (t->recipients != NULL)
		recipients_json(t, out);
}

static void
end_json(struct message_report *r, const struct message_trial *t)
{
	struct buf *out = &r->members, result = { 0 };

	buf_putc(out, ']');
	message_report_decision(t, out);
	if (r->result) {
		put_result(t, &result);
		json_text_member(out, "result", buf_str(&result));
	}
	(void)printf("%s}\n", buf_str(out));
	buf_free(&result);
	buf_free(out);
}

void
message_report_end(struct message_report *r, const struct message_trial *t)
{
	struct buf result = { 0 };

	if (r->json) {
		end_json(r, t);
		return;
	}
	(void)printf(
	    "  -> %s%s\n", t->decision, *t->edits != '\0' ? ", edited" : "");
	if (t->recipients != NULL)
		recipients_text(t);
	if (!r->result)
		return;
	put_result(t, &result);
	(void)fwrite(result.data, 1, result.len, stdout);
	buf_free(&result);
}
