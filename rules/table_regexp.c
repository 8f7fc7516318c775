/* table_regexp.c - regexp:/path: POSIX regular expressions, by libc. */
#include "rules/table_regexp.h"

#include <regex.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/fatal.h"
#include "base/multimatch.h"
#include "rules/pattern.h"
#include "rules/pattern_example.h"
#include "rules/pattern_review.h"
#include "rules/portable.h"

static enum pattern_flag
toggle(char flag, unsigned *options)
{
	switch (flag) {
	case 'i':
		*options ^= REG_ICASE;
		return PATTERN_TOGGLED;
	case 'm':
		*options ^= REG_NEWLINE;
		return PATTERN_TOGGLED;
	case 'x':
		*options ^= REG_EXTENDED;
		return PATTERN_TOGGLED;
	default:
		return PATTERN_UNKNOWN;
	}
}

static void
explain(const regex_t *code, int error, struct err *err)
{
	char text[256];

	(void)regerror(error, code, text, sizeof text);
	err_set(err, "%s", text);
}

static void *
compile(
    const char *expression, unsigned options, unsigned *groups, struct err *err)
{
	regex_t *code = malloc(sizeof *code);
	int error;

	if (code == NULL)
		fatal("out of memory");
	error = regcomp(code, expression, (int)options);
	if (error != 0) {
		explain(code, error, err);
		free(code);
		return NULL;
	}
	*groups = (unsigned)code->re_nsub;
	return code;
}

static bool
widen(
    const char *expression, unsigned options, struct buf *out, unsigned *flags)
{
	bool fold = (options & REG_ICASE) != 0;

	if ((options & REG_EXTENDED) == 0 ||
	    !portable_posix(expression, fold, out))
		return false;
	*flags = MULTIMATCH_DOTALL | MULTIMATCH_MULTILINE |
	    (fold ? MULTIMATCH_CASELESS : 0);
	return true;
}

static void
release(void *code)
{
	regfree(code);
	free(code);
}

static enum pattern_answer
match(const void *code, const char *subject, size_t len,
    struct template_span *spans, size_t n, struct err *err)
{
	regmatch_t few[10], *got = few;
	int error;

	(void)len;
	if (n > sizeof few / sizeof few[0] &&
	    (got = calloc(n, sizeof *got)) == NULL)
		fatal("out of memory");
	error = regexec(code, subject, n, got, 0);
	for (size_t i = 0; error == 0 && i < n; i++) {
		spans[i] = (struct template_span){ 1, 0 };
		/* GNU's library may name a start without an end. */
		if (got[i].rm_so >= 0 && got[i].rm_eo >= got[i].rm_so)
			spans[i] = (struct template_span){ (size_t)got[i].rm_so,
				(size_t)got[i].rm_eo };
	}
	if (got != few)
		free(got);
	if (error == 0)
		return PATTERN_YES;
	if (error == REG_NOMATCH)
		return PATTERN_NO;
	explain(code, error, err);
	return PATTERN_FAILED;
}

static const struct pattern_engine engine = {
	.name = "regexp",
	.unclosed = "skipping this rule",
	.group_zero = "out-of-range",
	.second = true,
	.options = REG_EXTENDED | REG_ICASE,
	.caseless = REG_ICASE,
	.toggle = toggle,
	.compile = compile,
	.release = release,
	.widen = widen,
	.match = match,
};

static void *
open_regexp(struct table_opening *opening, struct err *err)
{
	return pattern_open(&engine, opening, err);
}

const struct table_type table_regexp = {
	.name = "regexp",
	.flags = TABLE_WHOLE_KEY,
	.open = open_regexp,
	.find = pattern_find,
	.hint = pattern_hint,
	.close = pattern_close,
	.changed = pattern_changed,
	.lines = pattern_lines,
	.review = pattern_review,
	.examples = pattern_example_each,
};
