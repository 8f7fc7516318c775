/* message_rules.c - see message_rules.h. */
#include "proxy/message_rules.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "proxy/proxy_params.h"

/* One octet of a set: itself, \ooo, or a C escape. */
static unsigned char
one_octet(const char **p)
{
	static const char names[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
	const char *found;
	unsigned c = 0;

	if (**p != '\\' || (*p)[1] == '\0')
		return (unsigned char)*(*p)++;
	(*p)++;
	if (**p >= '0' && **p <= '7') {
		for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
			c = c * 8 + (unsigned)(*(*p)++ - '0');
		return (unsigned char)c;
	}
	found = strchr(names, **p);
	c = (unsigned char)*(*p)++;
	return found != NULL ? (unsigned char)values[found - names]
			     : (unsigned char)c;
}

static unsigned char *
octet_set(struct arena *arena, const char *text)
{
	unsigned char *set;

	if (*text == '\0')
		return NULL;
	set = arena_alloc(arena, 256);
	while (*text != '\0')
		set[one_octet(&text)] = 1;
	return set;
}

static const char *const *
name_list(struct arena *arena, const char *text)
{
	const char **list, *word, *p = text;
	size_t n = 0;

	while (conf_word(&p, arena) != NULL)
		n++;
	list = arena_alloc(arena, (n + 1) * sizeof *list);
	for (n = 0; (word = conf_word(&text, arena)) != NULL; n++)
		list[n] = word;
	return list;
}

static enum message_no_end
no_end_action(const char *text, struct conf *conf, struct err *err)
{
	static const char name[] = "non_empty_end_of_header_action";
	static const char *const actions[] = {
		[MESSAGE_NO_END_FIX] = "fix_quietly",
		[MESSAGE_NO_END_HEADER] = "add_header",
		[MESSAGE_NO_END_REJECT] = "reject",
	};
	struct err one = { "" };

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(text, actions[i]) == 0)
			return (enum message_no_end)i;
	err_set(&one, "%s: \"%s\" is not fix_quietly, add_header or reject",
	    name, text);
	conf_blame(conf, name, &one);
	err_also(err, "%s", one.text);
	return MESSAGE_NO_END_FIX;
}

static const char *const no_headers[] = { NULL };

const struct message_rules message_rules_none = {
	.unchecked = true, .tables = { .idle = true }, .drop = no_headers
};

void
message_rules_open(struct message_rules *rules, struct conf *conf,
    const struct proxy_params *params, struct arena *arena, struct err *err)
{
	rules->tables.idle = true;
	if (!rules->unchecked)
		content_stack_tables(&rules->tables, conf,
		    (size_t)params->header_size_limit,
		    (size_t)params->line_length_limit, err);
	rules->no_end =
	    no_end_action(params->non_empty_end_of_header_action, conf, err);
	if (rules->unchecked)
		rules->no_end = MESSAGE_NO_END_FIX;
	rules->strip = octet_set(arena, params->message_strip_characters);
	rules->reject = octet_set(arena, params->message_reject_characters);
	rules->drop = name_list(arena, params->message_drop_headers);
}

void
message_rules_close(struct message_rules *rules)
{
	content_stack_forget(&rules->tables);
}
