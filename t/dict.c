/* Postfix's cases of table look-ups and diagnostics. */
#include "t/json.h"
#include "t/tables.h"

static void
test_case(const struct json *c)
{
	const char *type = json_text(c, "type");
	const struct json *e;
	const char *pair[2];
	struct buf want = { 0 };
	struct table *t;

	put_file("map", json_text(c, "map"));
	for (e = json_items(c, "warnings"); e != NULL; e = e->next) {
		json_pair(e, pair);
		buf_printf(&want, "warning: %s map map, line %s: %s\n", type,
		    pair[0], pair[1]);
	}
	t = open_file(type, "map");
	is(collect(), buf_str(&want), "%s: diagnostics", type);
	for (e = json_items(c, "lookups"); e != NULL; e = e->next) {
		struct arena *arena = arena_new();
		struct table_value v;
		enum table_status status;

		json_pair(e, pair);
		status = table_find(t, arena, pair[0], &v);
		if (e->first->next->type == JSON_NULL)
			ok(status == TABLE_NONE, "%s: %s is not there", type,
			    pair[0]);
		else
			ok(status == TABLE_FOUND &&
				strcmp(v.text, pair[1]) == 0,
			    "%s: %s is %s", type, pair[0], pair[1]);
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
	for (const struct json *c = json_items(cases, "dict"); c != NULL;
	     c = c->next, n++)
		test_case(c);
	printf("# %u of %u tables of group dict; the other groups are tested "
	       "with what they are about\n",
	    n, n);
	arena_free(arena);
	return tables_end();
}
