/* notice_words.c - see notice_words.h. */
#include "weir/notice_words.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/lines.h"
#include "queue/bounce_text.h"

static int
read_templates(const char *file, struct arena *arena,
    struct bounce_template templates[], struct err *err)
{
	struct buf text = { 0 };
	int status;

	bounce_template_init(templates);
	if (file[0] == '\0')
		return 0;
	status = lines_load(file, &text, err);
	if (status == 0)
		status = bounce_template_parse(
		    file, buf_str(&text), arena, templates, true, err);
	buf_free(&text);
	return status;
}

static void
print(const struct bounce_template *t)
{
	(void)printf(
	    "%s_template = <<EOF\nCharset: %s\nFrom: %s\nSubject: %s\n",
	    t->kind, t->charset, t->from, t->subject);
	if (t->copy_subject != NULL)
		(void)printf("Postmaster-Subject: %s\n", t->copy_subject);
	(void)printf("\n%sEOF\n", t->text);
}

static int
print_expanded(const struct bounce_template *t, struct conf *conf,
    struct arena *arena, struct err *err)
{
	const char *text = bounce_text_expand(t, conf, arena, true, err);

	if (text == NULL)
		return -1;
	(void)printf("expanded_%s_text = <<EOF\n%sEOF\n", t->kind, text);
	return 0;
}

int
notice_words_show(
    struct conf *conf, const char *file, bool expand, struct err *err)
{
	struct bounce_template templates[BOUNCE_TEMPLATE_KINDS];
	struct arena *arena = arena_new();
	int status = 0;

	if (file == NULL)
		file = conf_get(conf, "bounce_template_file", arena, err);
	if (file == NULL || read_templates(file, arena, templates, err) != 0)
		status = -1;
	for (size_t i = 0; status == 0 && i < BOUNCE_TEMPLATE_KINDS; i++) {
		if (i > 0)
			(void)putchar('\n');
		if (expand)
			status =
			    print_expanded(&templates[i], conf, arena, err);
		else
			print(&templates[i]);
	}
	arena_free(arena);
	return status;
}
