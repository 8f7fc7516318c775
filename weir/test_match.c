/* test_match.c - see test_match.h. */
#include "weir/test_match.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json_text.h"
#include "base/net.h"
#include "rules/match.h"
#include "weir/trial.h"

/* The lists that only names are looked for in; others are about clients. */
/* clang-format off */
static const struct {
	const char *name;
	enum match_as as;
} lists[] = {
	{ "mydestination",           MATCH_AS_STRING },
	{ "virtual_alias_domains",   MATCH_AS_STRING },
	{ "virtual_mailbox_domains", MATCH_AS_STRING },
	{ "relay_domains",           MATCH_AS_DOMAIN },
};
/* clang-format on */

/* What was asked for, and the answer. */
struct request {
	struct trial trial;
	struct arena *arena;
	const char *list, *name, *addr;
	struct net_addr net;
	struct conf_value value; /* of the parameter; text NULL: a literal */
	struct match_question question;
	struct match_member member;
	enum table_status status;
};

/* "file:line" of what decided, or "". */
static const char *
place(const struct request *r)
{
	const char *file =
	    r->member.file != NULL ? r->member.file : r->value.origin.file;
	unsigned line =
	    r->member.file != NULL ? r->member.line : r->value.origin.line;

	if (file == NULL)
		return r->value.text != NULL ? "default" : "";
	return arena_printf(r->arena, "%s:%u", file, line);
}

static const char *
outcome(const struct request *r)
{
	if (r->status == TABLE_FAILED)
		return "could not ask";
	if (r->member.text == NULL)
		return "no element matches";
	return r->member.excludes ? "excluded" : "in the list";
}

static void
print_text(const struct request *r)
{
	const struct match_member *m = &r->member;

	(void)printf("%s%s%s%s: %s", r->question.name,
	    r->addr != NULL ? "[" : "", r->addr != NULL ? r->addr : "",
	    r->addr != NULL ? "]" : "", outcome(r));
	if (m->text != NULL)
		(void)printf(" by %s%s", m->excludes ? "!" : "", m->text);
	if (m->text != NULL && *place(r) != '\0')
		(void)printf(" [%s]", place(r));
	if (m->key != NULL)
		(void)printf(", key %s", m->key);
	if (m->value.file != NULL)
		(void)printf(" [%s:%u]", m->value.file, m->value.line);
	if (r->status == TABLE_FAILED && m->value.text != NULL)
		(void)printf(": %s", m->value.text);
	(void)putchar('\n');
}

static void
print_json(const struct request *r)
{
	const struct match_member *m = &r->member;
	struct buf out = { 0 };

	buf_putc(&out, '{');
	json_text_member(&out, "list", r->list);
	json_text_member(&out, "name", r->question.name);
	if (r->addr != NULL)
		json_text_member(&out, "address", r->addr);
	json_text_member(&out, "result", outcome(r));
	if (m->text != NULL)
		json_text_member(&out, "element", m->text);
	if (m->text != NULL && *place(r) != '\0')
		json_text_member(&out, "place", place(r));
	if (m->key != NULL)
		json_text_member(&out, "key", m->key);
	if (m->value.file != NULL)
		json_text_member(&out, "entry",
		    arena_printf(
			r->arena, "%s:%u", m->value.file, m->value.line));
	if (r->status == TABLE_FAILED && m->value.text != NULL)
		json_text_member(&out, "reason", m->value.text);
	(void)printf("%s}\n", buf_str(&out));
	buf_free(&out);
}

/* 0: what is asked makes sense. */
static int
take_question(struct request *r)
{
	r->question.name = r->name;
	r->question.as = r->addr != NULL ? MATCH_AS_CLIENT : MATCH_AS_DOMAIN;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (strcmp(lists[i].name, r->list) == 0)
			r->question.as = lists[i].as;
	if (r->addr == NULL)
		return EX_OK;
	if (r->question.as != MATCH_AS_CLIENT)
		return trial_fail(&r->trial, EX_USAGE,
		    "%s is a list of domains: an address cannot be in it",
		    r->list);
	if (!net_parse(r->addr, &r->net))
		return trial_fail(
		    &r->trial, EX_USAGE, "not a network address: %s", r->addr);
	r->question.addr = &r->net;
	return EX_OK;
}

static int
ask(struct request *r)
{
	struct conf *conf = r->trial.conf;
	const char *text = r->list;
	struct err err = { "" };
	struct match *match;

	if (conf_find(conf, r->list, &r->value) &&
	    (text = conf_get(conf, r->list, r->arena, &err)) == NULL)
		return trial_fail(&r->trial, EX_CONFIG, "%s", err.text);
	match =
	    match_open(text, r->list, match_style(conf, r->list), conf, &err);
	if (err.text[0] != '\0')
		(void)fprintf(
		    stderr, "%s: warning: %s\n", r->trial.name, err.text);
	r->status = match_which(
	    match, r->trial.world, r->arena, &r->question, &r->member);
	if (r->trial.json)
		print_json(r);
	else
		print_text(r);
	match_close(match);
	if (r->status == TABLE_FAILED)
		return EX_TEMPFAIL;
	return r->status == TABLE_FOUND ? 0 : 1;
}

int
test_match(int argc, char **argv)
{
	struct request r = { .trial = {
				 .name = "weir test match", .bare = true } };
	int status = EX_OK, i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		if (trial_option(&r.trial, argc, argv, &i) != 1)
			status = EX_USAGE;
	if (argc - i < 2 || argc - i > 3)
		status = EX_USAGE;
	trial_begin(&r.trial);
	if (status == EX_OK) {
		r.list = argv[i];
		r.name = argv[i + 1];
		r.addr = argv[i + 2];
		status = take_question(&r);
	}
	if (status == EX_OK)
		status = trial_open(&r.trial);
	r.arena = arena_new();
	if (status == EX_OK)
		status = ask(&r);
	arena_free(r.arena);
	trial_close(&r.trial);
	return trial_end(&r.trial, status);
}
