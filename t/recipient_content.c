/* The content checks of classes: who has which, in which order they decide, and
 * that each looks once.  Seeds K-04, H-03. */
#include "classes/recipient_content.h"

#include <string.h>

#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/checks_params.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "classes/class_content.h"
#include "classes/class_names.h"
#include "classes/classes_params.h"
#include "t/tap.h"
#include "t/testworld.h"

static const struct param_table *const tables[] = { &base_params_table,
	&checks_params_table, &classes_params_table, NULL };

static const char main_cf[] =
    "smtpd_restriction_classes = a, b, c, list\n"
    "a_header_checks = pcre:{ { /refuse a/ REJECT a says "
    "no }, { /hold/ HOLD a holds }, { /pass/ PASS } }\n"
    "b_body_checks = pcre:{ { /refuse b/ REJECT b says no }, { /drop/ DISCARD "
    "}, { /move/ REDIRECT elsewhere@example.com }, { /say/ WARN said } }\n"
    "b_reject_action = redirect bad@example.com\n"
    "c_text_checks = pcre:{{/refuse c/ REJECT 4.7.1 c says no}}\n"
    "list = permit\n";

static struct arena *arena;
static struct testworld world;
static struct class_content_all *all;

/* What the stages behind get. */
static struct buf passed;

static void
take_header(struct content_stage *stage, const char *text, size_t len)
{
	(void)stage;
	buf_put(&passed, text, len);
	buf_puts(&passed, "\r\n");
}

static void
take_headers_end(struct content_stage *stage)
{
	(void)stage;
	buf_puts(&passed, "\r\n");
}

static void
take_body(struct content_stage *stage, const char *data, size_t len)
{
	(void)stage;
	buf_put(&passed, data, len);
}

static void
take_end(struct content_stage *stage)
{
	(void)stage;
	buf_puts(&passed, "END");
}

/* One message, whose recipients have come to these classes. */
struct message {
	struct recipient_content *rc;
	struct content_verdict common;
	struct subject subject;
	unsigned groups[16];
};

static void
begin(struct message *m, const char *const *classes)
{
	m->subject = (struct subject){ .arena = arena,
		.world = &world.world,
		.client_name = "client.example",
		.client_addr = "192.0.2.1",
		.queue_id = "ABC",
		.sender = "s@example.net",
		.protocol = "SMTP" };
	content_verdict_begin(&m->common, arena);
	m->rc = recipient_content_new(all, &m->subject, &m->common, arena);
	for (size_t i = 0; classes[i] != NULL; i++)
		m->groups[i] =
		    recipient_content_add(m->rc, "r@example.com", classes[i]);
}

/* The header and the body go by; ${common} ends the look behind them. */
static void
run(struct message *m, const char *header, const char *body, bool common)
{
	static const struct content_stage_ops ops = {
		.header = take_header,
		.headers_end = take_headers_end,
		.body = take_body,
		.end = take_end,
		.close = take_end,
	};
	struct content_stage end = { &ops, NULL, &m->common };
	struct content_stage *stage = recipient_content_open(m->rc, &end);

	must(stage != NULL);
	buf_reset(&passed);
	stage->ops->header(stage, header, strlen(header));
	stage->ops->headers_end(stage);
	m->common.done = common;
	for (const char *p = body; *p != '\0'; p++)
		stage->ops->body(stage, p, 1);
	stage->ops->end(stage);
	stage->ops->close(stage);
}

static struct recipient_verdict
verdict(const struct message *m, size_t i)
{
	struct recipient_verdict v;

	recipient_content_verdict(m->rc, m->groups[i], &v);
	return v;
}

static void
test_names(void)
{
	const char *names = class_names_add(arena, "", "one two"), *p = names;
	size_t n;

	is(class_names_add(arena, names, "two three one"), "one two three",
	    "names are added once, behind the others");
	is(class_names_add(arena, names, NULL), "one two", "or not at all");
	ok(class_names_next(&p, &n) == names && n == 3 &&
		class_names_next(&p, &n) == names + 4 && n == 3 &&
		class_names_next(&p, &n) == NULL,
	    "and taken apart");
	is(class_names_add(arena, "ones", "one"), "ones one",
	    "a part of a name is another one");
}

static void
test_open(void)
{
	const struct class_content *b = class_content_find(all, "b c", 1);

	ok(all->count == 3, "classes without checks have none");
	ok(b != NULL && b->action == CLASS_CONTENT_REDIRECT, "an action");
	is(b->redirect, "bad@example.com", "with its address");
	ok(class_content_find(all, "a", 1)->action == CLASS_CONTENT_HOLD,
	    "the one of all");
	ok(class_content_find(all, "list", 4) == NULL, "none");
	ok(!all->blocks, "files do not block");
}

static void
test_groups(void)
{
	static const char *const classes[] = { "a b", "", "b a", "a b", "list",
		"a list b", NULL };
	static const char *const none[] = { "", "list", NULL };
	struct message m;

	begin(&m, classes);
	ok(m.groups[0] == m.groups[3] && m.groups[0] != m.groups[2],
	    "the same classes in the same order are a group");
	ok(recipient_content_groups(m.rc) == 5, "so many groups");
	run(&m, "Subject: refuse a", "refuse b\r\n", false);
	is(buf_str(&passed), "Subject: refuse a\r\n\r\nrefuse b\r\nEND",
	    "the message goes by as it is");
	is(verdict(&m, 0).text, "a says no", "the class come to first decides");
	is(verdict(&m, 2).text, "b says no", "whichever that is");
	is(verdict(&m, 5).text, "a says no", "others do not matter");
	ok(verdict(&m, 1).fate == RECIPIENT_TAKEN, "who has none takes it");
	ok(verdict(&m, 0).by == class_content_find(all, "a", 1), "its class");
	is(verdict(&m, 2).note->table, "b_body_checks", "its table");
	begin(&m, none);
	ok(recipient_content_open(m.rc, NULL) == NULL,
	    "without checks there is no stage");
}

static void
test_order(void)
{
	static const char *const classes[] = { "a b", "b a", "a", "a b c",
		NULL };
	struct message m;

	begin(&m, classes);
	run(&m, "Subject: hold", "refuse b\r\n", false);
	is(verdict(&m, 0).text, "b says no", "HOLD leaves it to the next");
	ok(verdict(&m, 2).fate == RECIPIENT_HELD, "HOLD");
	is(verdict(&m, 2).note->answer, "hold a holds", "and why");
	begin(&m, classes);
	run(&m, "Subject: hold", "drop\r\n", false);
	ok(verdict(&m, 0).fate == RECIPIENT_DISCARDED, "DISCARD");
	begin(&m, classes);
	run(&m, "Subject: pass", "refuse b\r\n", false);
	ok(verdict(&m, 0).fate == RECIPIENT_TAKEN, "PASS ends it");
	ok(verdict(&m, 1).code == 550, "for classes behind it");
	begin(&m, classes);
	run(&m, "Subject: x", "move\r\nrefuse b\r\nrefuse c\r\n", false);
	is(verdict(&m, 1).redirect, "elsewhere@example.com", "REDIRECT");
	ok(verdict(&m, 3).fate == RECIPIENT_REDIRECTED, "comes first");
	begin(&m, classes);
	run(&m, "Subject: x", "refuse c\r\n", false);
	ok(verdict(&m, 3).code == 451 && verdict(&m, 0).code == 0, "4NN");
	begin(&m, classes);
	run(&m, "Subject: hold", "refuse b\r\n", true);
	ok(verdict(&m, 0).fate == RECIPIENT_HELD && verdict(&m, 1).code == 0,
	    "when the common checks are done, so are these");
}

static unsigned notes;

static void
count_note(void *arg, const struct content_note *note)
{
	(void)arg;
	(void)note;
	notes++;
}

static void
test_once(void)
{
	static const char *const classes[] = { "b", "b c", "c b", "a b", NULL };
	struct message m;
	unsigned asked = world.tables_asked;

	begin(&m, classes);
	run(&m, "Subject: x", "say\r\n", false);
	/* a: the header; b: one line; c: the header and one line. */
	ok(world.tables_asked - asked <= 6, "each class looks once (%u)",
	    world.tables_asked - asked);
	for (size_t i = 0; i < 4; i++)
		recipient_content_notes(m.rc, m.groups[i], count_note, NULL);
	ok(notes == 4, "and each group knows what it has found");
}

int
main(void)
{
	struct err err = { "" };
	struct conf *conf = conf_parse("main.cf", main_cf, tables, &err);

	must(conf != NULL);
	arena = arena_new();
	world = testworld_new("");
	all = class_content_open(conf, 1000, 1000, &err);
	is(err.text, "", "tables open");
	must(all != NULL);
	test_names();
	test_open();
	test_groups();
	test_order();
	test_once();
	class_content_close(all);
	conf_free(conf);
	buf_free(&passed);
	arena_free(arena);
	return done_testing();
}
