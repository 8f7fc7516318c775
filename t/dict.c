/* Postfix's cases of table look-ups and diagnostics. */
#include "t/json.h"
#include "t/tables.h"

static void
test_case(const struct json *c)
{
	const char *type = json_text(c, "type");
	const struct json *e, *key;
	struct buf want = { 0 };
	struct table *t;

	put_file("map", json_text(c, "map"));
	for (e = json_member(c, "warnings")->first; e != NULL; e = e->next)
		buf_printf(&want, "warning: %s map map, line %s: %s\n", type,
		    e->first->text, e->first->next->text);
	t = open_file(type, "map");
	is(collect(), buf_str(&want), "%s: diagnostics", type);
	for (e = json_member(c, "lookups")->first; e != NULL; e = e->next) {
		struct arena *arena = arena_new();
		struct table_value v;
		enum table_status status;

		key = e->first;
		status = table_find(t, arena, key->text, &v);
		if (key->next->type == JSON_NULL)
			ok(status == TABLE_NONE, "%s: %s is not there", type,
			    key->text);
		else
			ok(status == TABLE_FOUND &&
				strcmp(v.text, key->next->text) == 0,
			    "%s: %s is %s", type, key->text, key->next->text);
		arena_free(arena);
	}
	table_close(t);
	(void)unlink(path_of("map"));
	buf_free(&want);
}

int
main(void)
{
	struct arena *arena = arena_new();
	const struct json *cases = json_shared("unit_cases.json", arena);
	unsigned n = 0;

	if (cases == NULL) {
		printf("1..0 # SKIP 3 tables of Postfix's: no "
		       "conformance/unit_cases.json\n");
		arena_free(arena);
		return 0;
	}
	tables_begin();
	for (const struct json *c = json_member(cases, "dict")->first;
	     c != NULL; c = c->next, n++)
		test_case(c);
	printf("# %u of %u tables of group dict; the other groups are tested "
	       "with what they are about\n",
	    n, n);
	arena_free(arena);
	return tables_end();
}
