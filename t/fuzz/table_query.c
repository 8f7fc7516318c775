/* A template, a result format, a key and a result, in lines: whatever they
 * are, nothing of the key gets into a query but through the quotation, and
 * what a template of one part gives is that part of the key. */
#include "rules/table_query.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/table_settings.h"
#include "rules/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
swallow(void *arg, const char *text, struct buf *out)
{
	(void)text;
	(void)out;
	return arg == NULL;
}

/* ${template} without what stands for something. */
static void
check_bare(const char *template, const char *expanded)
{
	for (; *template != '\0'; template ++) {
		if (*template == '%' && *++template != '%')
			continue;
		must(*expanded++ == *template);
	}
	must(*expanded == '\0');
}

static void
check_query(struct table_query *query, const char *template, const char *key)
{
	struct buf out = { 0 };

	if (table_query_add(query, template, NULL, NULL) != 0)
		return;
	if (table_query_expand(query, template, key, swallow, NULL, &out) ==
	    TABLE_QUERY_READY)
		check_bare(template, buf_str(&out));
	buf_reset(&out);
	if (table_query_add(query, "%u@%d", NULL, NULL) == 0 &&
	    table_query_expand(query, "%u@%d", key, NULL, NULL, &out) ==
		TABLE_QUERY_READY)
		must(strcmp(buf_str(&out), key) == 0);
	buf_free(&out);
}

static void
check(struct conf *conf, char *const line[4], struct arena *arena)
{
	struct table_opening opening = { .name = "t", .conf = conf };
	struct table_settings *settings = table_settings_open(&opening, NULL);
	struct table_query_answer answer = { 0 };
	struct table_value value = { 0 };
	struct table_query *query;

	query = table_query_open("fuzz", &opening, settings, NULL);
	if (query != NULL) {
		check_query(query, line[0], line[2]);
		must(table_query_collect(query, &answer, line[2], line[3]) ||
		    answer.count > table_query_limit(query));
		must((table_query_finish(&answer, arena, &value) ==
			 TABLE_FOUND) == (value.text != NULL));
	}
	table_query_close(query);
	table_settings_close(settings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct event_target nobody = {
		.name = "weir", .fd = 1000, .json_fd = -1
	};
	static const struct param_table *const none[] = { NULL };
	struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	char *line[4] = { text, text, text, text };
	struct conf *base, *view;

	event_open(&nobody);
	for (unsigned i = 0; i < 4 && text != NULL; i++)
		line[i] = strsep(&text, "\n");
	base = conf_parse("fuzz", "t_expansion_limit = 1\n", none, NULL);
	view = conf_view(base);
	conf_set(view, "t_result_format", line[1], (struct origin){ 0 });
	check(view, line, arena);
	conf_free(view);
	conf_free(base);
	arena_free(arena);
	return 0;
}
