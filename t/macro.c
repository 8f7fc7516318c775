/* Expansion of $name, by Postfix's own cases. */
#include "base/macro.h"

#include "base/buf.h"
#include "base/err.h"
#include "t/json.h"
#include "t/tap.h"

static bool
compare_length(const char *left, const char *right, int *order, struct err *err)
{
	(void)err;
	*order =
	    (strlen(left) > strlen(right)) - (strlen(left) < strlen(right));
	return true;
}

static bool
apply_sample(const char *text, struct buf *out, struct err *err)
{
	(void)err;
	buf_printf(out, "-=oO%sOo=-", text);
	return true;
}

static const char *
find(void *arg, const char *name)
{
	const struct json *v = json_member(arg, name);

	return v != NULL ? v->text : NULL;
}

static const struct macro_order orders[] = { { "length", compare_length },
	{ NULL, NULL } };
static const struct macro_function functions[] = {
	{ "test_named_fn", apply_sample }, { NULL, NULL }
};

static void
test_case(const struct json *c, size_t number)
{
	struct macro macro = {
		.find = find, .orders = orders, .functions = functions
	};
	struct buf out = { 0 };
	struct err err = { 0 };
	struct json vars = { .first = json_items(c, "vars") };
	const char *text = json_text(c, "text");
	int status;

	macro.arg = &vars;
	status = macro_expand(&macro, text, &out, &err);
	ok(status == json_number(c, "status") &&
		strcmp(buf_str(&out), json_text(c, "result")) == 0,
	    "case %zu: %s", number, text);
	if (status != json_number(c, "status") ||
	    strcmp(buf_str(&out), json_text(c, "result")) != 0)
		printf("# %d \"%s\" instead of %ld \"%s\"\n", status,
		    buf_str(&out), json_number(c, "status"),
		    json_text(c, "result"));
	ok(((status & MACRO_BAD) != 0) == (err.text[0] != '\0'),
	    "bad ones have a reason: %s", err.text);
	buf_free(&out);
}

static void
note(void *arg, const char *name)
{
	buf_puts(arg, name);
}

static void
test_names(void)
{
	struct buf names = { 0 };
	struct err err = { "" };

	ok(macro_names("$a ${b?{$c}:{${d:$e}}} ${{$f} < {x}?{$g}:{$h}}", NULL,
	       note, &names, &err) == 0 &&
		strcmp(buf_str(&names), "abcdefgh") == 0,
	    "names of every branch are seen");
	ok(macro_names("$a ${b", NULL, note, &names, &err) == MACRO_BAD &&
		err.text[0] != '\0',
	    "up to a mistake, which is told");
	buf_free(&names);
}

int
main(void)
{
	struct arena *arena = arena_new();
	const struct json *cases =
	    json_member(json_shared("unit_cases.json", arena), "mac_expand");
	size_t n = 0;

	if (cases == NULL)
		ok(1, "conformance cases # SKIP not beside the checkout");
	for (const struct json *c = cases != NULL ? cases->first : NULL;
	     c != NULL; c = c->next)
		test_case(c, ++n);
	printf("# %zu cases\n", n);
	test_names();
	arena_free(arena);
	return done_testing();
}
