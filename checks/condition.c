/* condition.c - see condition.h. */
#include "checks/condition.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "checks/check.h"
#include "checks/checks_params.h"
#include "checks/expression.h"
#include "checks/subject.h"
#include "rules/match.h"

/* From and to; the other way round: over midnight, or the end of the week. */
struct span {
	int64_t from, to; /* of days: the last; of times: what follows */
	struct span *next;
};

struct set {
	struct set *next;
	struct match *match; /* of texts; else spans */
	struct span *spans;
};

struct condition {
	struct expression *expression;
	struct set *sets; /* all of them */
};

/* Binding the sets of one condition. */
struct binding {
	struct condition *condition;
	struct conf *conf;
	struct arena *arena;
	struct err *err;
};

static int64_t
two_digits(const char *text)
{
	return (int64_t)10 * (text[0] - '0') + (text[1] - '0');
}

/* HH:MM, to 24:00; -1: it is none. */
static int64_t
read_time(const char *text)
{
	if (strlen(text) != 5 || !isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[1]) || text[2] != ':' ||
	    !isdigit((unsigned char)text[3]) ||
	    !isdigit((unsigned char)text[4]) || text[3] > '5')
		return -1;
	return two_digits(text) * 60 + two_digits(text + 3);
}

/* "08:00-18:00", "mon-fri", "sat" */
static int
read_span(const struct binding *b, enum fact_type type, const char *word,
    struct span *span)
{
	enum { DAY = 1440 };
	const char *dash = strchr(word, '-');
	const char *first = dash != NULL
	    ? arena_strndup(b->arena, word, (size_t)(dash - word))
	    : word;
	const char *last = dash != NULL ? dash + 1 : word;

	if (type == FACT_DAY) {
		span->from = fact_day(first, strlen(first));
		span->to = fact_day(last, strlen(last));
		if (span->from >= 0 && span->to >= 0)
			return 0;
		err_set(b->err, "bad days \"%s\": need mon-fri, or sat", word);
		return -1;
	}
	span->from = read_time(first);
	span->to = read_time(last);
	if (dash != NULL && span->from >= 0 && span->from < DAY &&
	    span->to >= 0 && span->to <= DAY && span->from != span->to)
		return 0;
	err_set(b->err, "bad window of time \"%s\": need 08:00-17:30", word);
	return -1;
}

static int
bind_spans(const struct binding *b, const struct expression *e)
{
	struct span **end = &e->set->spans;
	const char *text = e->text, *word;

	while ((word = conf_word(&text, b->arena)) != NULL) {
		*end = arena_alloc(b->arena, sizeof **end);
		if (read_span(b, e->left->type, word, *end) != 0)
			return -1;
		end = &(*end)->next;
	}
	return 0;
}

static int
bind_sets(const struct binding *b, struct expression *e)
{
	if (e == NULL)
		return 0;
	if (bind_sets(b, e->left) != 0 || bind_sets(b, e->right) != 0)
		return -1;
	if (e->kind != EXPRESSION_IN)
		return 0;
	e->set = arena_alloc(b->arena, sizeof *e->set);
	e->set->next = b->condition->sets;
	b->condition->sets = e->set;
	if (e->left->type != FACT_TEXT)
		return bind_spans(b, e);
	e->set->match = match_open(e->text, "a condition", 0, b->conf, b->err);
	return 0;
}

static bool
asks_past(const struct expression *e)
{
	return e != NULL &&
	    ((e->kind == EXPRESSION_FACT && e->fact->past) ||
		asks_past(e->left) || asks_past(e->right));
}

/* A reputation that is not counted would be nobody's for ever. */
static bool
may_remember(const struct condition *c, struct conf *conf, struct err *err)
{
	struct checks_params params;
	struct arena *arena;
	bool counts;

	if (!condition_judges(c))
		return true;
	arena = arena_new();
	counts =
	    param_load(&checks_params_table, conf, arena, &params, err) == 0 &&
	    params.weir_reputation;
	arena_free(arena);
	if (!counts && err->text[0] == '\0')
		err_set(err, "weir_reputation = no: nothing is counted");
	return counts;
}

struct condition *
condition_compile(
    const char *text, struct conf *conf, struct arena *arena, struct err *err)
{
	struct condition *c = arena_alloc(arena, sizeof *c);
	struct binding binding = { c, conf, arena, err };

	c->expression = expression_parse(text, arena, err);
	if (c->expression != NULL && may_remember(c, conf, err) &&
	    bind_sets(&binding, c->expression) == 0)
		return c;
	condition_close(c);
	return NULL;
}

void
condition_close(struct condition *condition)
{
	for (struct set *s = condition->sets; s != NULL; s = s->next)
		if (s->match != NULL)
			match_close(s->match);
	condition->sets = NULL;
}

bool
condition_judges(const struct condition *condition)
{
	return asks_past(condition->expression);
}

bool
condition_blocks(const struct condition *condition)
{
	for (const struct set *s = condition->sets; s != NULL; s = s->next)
		if (s->match != NULL &&
		    (match_flags(s->match) & TABLE_MAY_BLOCK) != 0)
			return true;
	return false;
}

static bool
has_proof(const struct expression *e)
{
	return e != NULL &&
	    ((e->kind == EXPRESSION_FACT && e->fact->proven) ||
		has_proof(e->left) || has_proof(e->right));
}

bool
condition_claims(const struct condition *condition)
{
	return !has_proof(condition->expression);
}

static const char *
text_of(const struct expression *e, const struct ask *ask)
{
	const char *text = e->text;

	if (e->kind == EXPRESSION_JOIN)
		text = arena_printf(ask->subject->arena, "%s%s",
		    text_of(e->left, ask), text_of(e->right, ask));
	else if (e->kind == EXPRESSION_FACT)
		text = e->fact->text(ask);
	return text != NULL ? text : "";
}

static int64_t
number_of(const struct expression *e, const struct ask *ask)
{
	return e->kind == EXPRESSION_FACT ? e->fact->number(ask) : e->number;
}

static enum condition_answer
is(bool truth)
{
	return truth ? CONDITION_TRUE : CONDITION_FALSE;
}

static enum condition_answer
in_spans(const struct expression *e, const struct ask *ask)
{
	int64_t n = number_of(e->left, ask);
	/* A window ends where its last minute does. */
	int64_t last = e->left->type == FACT_TIME ? 1 : 0;

	for (const struct span *s = e->set->spans; s != NULL; s = s->next) {
		int64_t to = s->to - last;
		bool after = n >= s->from, before = n <= to;

		if (s->from <= s->to ? after && before : after || before)
			return CONDITION_TRUE;
	}
	return CONDITION_FALSE;
}

static enum condition_answer
in_match(const struct expression *e, const struct ask *ask)
{
	struct match_question q = { MATCH_AS_STRING, text_of(e->left, ask),
		NULL };
	struct net_addr addr;

	if (e->left->kind == EXPRESSION_FACT)
		q.as = e->left->fact->as;
	if (q.as == MATCH_AS_CLIENT) {
		q.as = MATCH_AS_STRING;
		if (net_parse(q.name, &addr))
			q.addr = &addr;
	}
	switch (match_which(e->set->match, ask->subject->world,
	    ask->subject->arena, &q, NULL)) {
	case TABLE_FOUND:
		return CONDITION_TRUE;
	case TABLE_NONE:
		return CONDITION_FALSE;
	case TABLE_FAILED:
		break;
	}
	return CONDITION_FAILED;
}

static bool
compare(const struct expression *e, const struct ask *ask)
{
	int64_t a, b;

	if (e->left->type == FACT_TEXT)
		return (strcasecmp(text_of(e->left, ask),
			    text_of(e->right, ask)) == 0) ==
		    (e->kind == EXPRESSION_EQUAL);
	a = number_of(e->left, ask);
	b = number_of(e->right, ask);
	switch (e->kind) {
	case EXPRESSION_EQUAL:
		return a == b;
	case EXPRESSION_DIFFERENT:
		return a != b;
	case EXPRESSION_LESS:
		return a < b;
	case EXPRESSION_LESS_EQUAL:
		return a <= b;
	case EXPRESSION_MORE:
		return a > b;
	default:
		return a >= b;
	}
}

static enum condition_answer
test(const struct expression *e, const struct ask *ask);

/* "&&" with ${ends} false, "||" with true: one operand that is so decides. */
static enum condition_answer
combine(const struct expression *e, const struct ask *ask,
    enum condition_answer ends)
{
	enum condition_answer left = test(e->left, ask), right;

	if (left == ends)
		return left;
	right = test(e->right, ask);
	return right == ends || left != CONDITION_FAILED ? right : left;
}

static enum condition_answer
test(const struct expression *e, const struct ask *ask)
{
	enum condition_answer answer;

	switch (e->kind) {
	case EXPRESSION_OR:
		return combine(e, ask, CONDITION_TRUE);
	case EXPRESSION_AND:
		return combine(e, ask, CONDITION_FALSE);
	case EXPRESSION_NOT:
		answer = test(e->left, ask);
		return answer == CONDITION_FAILED
		    ? answer
		    : is(answer == CONDITION_FALSE);
	case EXPRESSION_IN:
		return e->set->match != NULL ? in_match(e, ask)
					     : in_spans(e, ask);
	case EXPRESSION_FACT:
		return is(number_of(e, ask) != 0);
	default:
		return is(compare(e, ask));
	}
}

/* "size=10 sender=a@b", each once. */
static void
tell(const struct expression *e, const struct ask *ask, struct buf *out,
    unsigned long long *told)
{
	unsigned long long bit;

	if (e == NULL)
		return;
	tell(e->left, ask, out, told);
	tell(e->right, ask, out, told);
	if (e->kind != EXPRESSION_FACT)
		return;
	bit = 1ULL << (e->fact - fact_all());
	if ((*told & bit) != 0)
		return;
	*told |= bit;
	buf_printf(out, "%s%s=", out->len > 0 ? " " : "", e->fact->name);
	if (e->type == FACT_TEXT)
		buf_puts(out, text_of(e, ask));
	else if (e->type == FACT_TIME)
		buf_printf(out, "%02d:%02d", (int)(number_of(e, ask) / 60),
		    (int)(number_of(e, ask) % 60));
	else
		buf_printf(out, "%lld", (long long)number_of(e, ask));
}

enum condition_answer
condition_test(
    const struct condition *condition, const struct ask *ask, const char **seen)
{
	struct buf out = { 0 };
	unsigned long long told = 0;

	tell(condition->expression, ask, &out, &told);
	*seen = arena_strdup(ask->subject->arena, buf_str(&out));
	buf_free(&out);
	return test(condition->expression, ask);
}
