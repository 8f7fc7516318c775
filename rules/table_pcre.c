/* table_pcre.c - pcre:/path: Perl's regular expressions, by PCRE2.
 *
 * Expressions are compiled to machine code.  A match has limits, so that no
 * expression and no mail together can hold a session up: one that meets a
 * limit is no match. */
#include "rules/table_pcre.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fatal.h"
#include "base/multimatch.h"
#include "rules/pattern.h"
#include "rules/pattern_example.h"
#include "rules/pattern_review.h"
#include "rules/portable.h"

enum {
	MATCH_LIMIT = 100000, /* 0.2 ms of machine code */
	DEPTH_LIMIT = 1000,   /* without machine code */
	HEAP_LIMIT = 2048,    /* KiB */
	STACK_LEAST = 32 * 1024,
	STACK_MOST = 512 * 1024,
	FEW_GROUPS = 10,
};

/* What a thread needs for matching; made when it first does. */
struct scratch {
	pcre2_match_data *data;
	uint32_t groups;
	pcre2_jit_stack *stack;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pcre2_match_context *limits; /* never changed once made */

static void
free_scratch(void *p)
{
	struct scratch *s = p;

	pcre2_match_data_free(s->data);
	pcre2_jit_stack_free(s->stack);
	free(s);
}

static struct scratch *
scratch(void)
{
	struct scratch *s = pthread_getspecific(key);

	if (s != NULL)
		return s;
	s = calloc(1, sizeof *s);
	if (s == NULL)
		fatal("out of memory");
	s->groups = FEW_GROUPS;
	s->data = pcre2_match_data_create(s->groups, NULL);
	s->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, NULL);
	if (s->data == NULL || pthread_setspecific(key, s) != 0)
		fatal("out of memory");
	return s;
}

static pcre2_jit_stack *
stack_of_thread(void *arg)
{
	(void)arg;
	return scratch()->stack;
}

static void
prepare(void)
{
	limits = pcre2_match_context_create(NULL);
	if (limits == NULL || pthread_key_create(&key, free_scratch) != 0)
		fatal("out of memory");
	(void)pcre2_set_match_limit(limits, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(limits, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(limits, HEAP_LIMIT);
	pcre2_jit_stack_assign(limits, stack_of_thread, NULL);
}

static enum pattern_flag
toggle(char flag, unsigned *options)
{
	static const struct {
		char flag;
		unsigned option;
	} flags[] = {
		{ 'i', PCRE2_CASELESS },
		{ 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL },
		{ 'x', PCRE2_EXTENDED },
		{ 'A', PCRE2_ANCHORED },
		{ 'E', PCRE2_DOLLAR_ENDONLY },
		{ 'U', PCRE2_UNGREEDY },
	};

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (flags[i].flag == flag) {
			*options ^= flags[i].option;
			return PATTERN_TOGGLED;
		}
	return flag == 'X' ? PATTERN_OBSOLETE : PATTERN_UNKNOWN;
}

static void *
compile(
    const char *expression, unsigned options, unsigned *groups, struct err *err)
{
	PCRE2_UCHAR text[256];
	PCRE2_SIZE offset;
	pcre2_code *code;
	uint32_t count = 0;
	int error;

	(void)pthread_once(&once, prepare);
	/* An expression that asks for UTF-8 meets mail that is none. */
	if (strncmp(expression, "(*UTF", 5) == 0)
		options |= PCRE2_MATCH_INVALID_UTF;
	code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
	    options, &error, &offset, NULL);
	if (code == NULL) {
		(void)pcre2_get_error_message(error, text, sizeof text);
		err_set(err, "error in regex at offset %zu: %s", offset,
		    (const char *)text);
		return NULL;
	}
	/* Without machine code it is slower, that is all. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	(void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &count);
	*groups = count;
	return code;
}

static bool
widen(
    const char *expression, unsigned options, struct buf *out, unsigned *flags)
{
	/* Blanks, comments, and where "$" is: a matter of opinion. */
	if ((options & (PCRE2_EXTENDED | PCRE2_DOLLAR_ENDONLY)) != 0 ||
	    !portable_pcre(expression, out))
		return false;
	/* Anchored or not greedy: it matches less, or something else. */
	*flags = MULTIMATCH_MULTILINE |
	    ((options & PCRE2_CASELESS) != 0 ? MULTIMATCH_CASELESS : 0) |
	    ((options & PCRE2_DOTALL) != 0 ? MULTIMATCH_DOTALL : 0);
	return true;
}

static void
release(void *code)
{
	pcre2_code_free(code);
}

static enum pattern_answer
match(const void *code, const char *subject, size_t len,
    struct template_span *spans, size_t n, struct err *err)
{
	struct scratch *s = scratch();
	PCRE2_UCHAR text[256];
	const PCRE2_SIZE *ends;
	int count;

	if (n > s->groups) {
		pcre2_match_data_free(s->data);
		s->groups = (uint32_t)n;
		s->data = pcre2_match_data_create(s->groups, NULL);
		if (s->data == NULL)
			fatal("out of memory");
	}
	count =
	    pcre2_match(code, (PCRE2_SPTR)subject, len, 0, 0, s->data, limits);
	if (count == PCRE2_ERROR_NOMATCH)
		return PATTERN_NO;
	if (count < 0) {
		(void)pcre2_get_error_message(count, text, sizeof text);
		err_set(err, "%s", (const char *)text);
		return PATTERN_FAILED;
	}
	/* Zero: it has more groups than there is room for, of which nobody
	 * asks. */
	ends = pcre2_get_ovector_pointer(s->data);
	for (size_t i = 0; i < n; i++) {
		spans[i] = (struct template_span){ 1, 0 };
		if ((count == 0 || i < (size_t)count) &&
		    ends[2 * i] != PCRE2_UNSET)
			spans[i] = (struct template_span){ ends[2 * i],
				ends[2 * i + 1] };
	}
	return PATTERN_YES;
}

static const struct pattern_engine engine = {
	.name = "pcre",
	.unclosed = "ignoring this rule",
	.group_zero = "out of range",
	.second = false,
	.options = PCRE2_CASELESS | PCRE2_DOTALL,
	.caseless = PCRE2_CASELESS,
	.toggle = toggle,
	.compile = compile,
	.release = release,
	.widen = widen,
	.match = match,
};

static void *
open_pcre(struct table_opening *opening, struct err *err)
{
	return pattern_open(&engine, opening, err);
}

const struct table_type table_pcre = {
	.name = "pcre",
	.flags = TABLE_WHOLE_KEY,
	.open = open_pcre,
	.find = pattern_find,
	.hint = pattern_hint,
	.close = pattern_close,
	.changed = pattern_changed,
	.lines = pattern_lines,
	.review = pattern_review,
	.examples = pattern_example_each,
};
