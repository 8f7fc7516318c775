/* local_settings.c - see local_settings.h. */
#include "delivery/local_settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/param.h"
#include "delivery/mailbox.h"
#include "delivery/transport.h"
#include "rules/table.h"

struct word {
	const char *name;
	unsigned bit;
};

static const struct word places[] = { { "alias", LOCAL_ALIAS },
	{ "forward", LOCAL_FORWARD }, { "include", LOCAL_INCLUDE },
	{ NULL, 0 } };
static const struct word delivered[] = { { "command", LOCAL_DELIVERED_COMMAND },
	{ "file", LOCAL_DELIVERED_FILE },
	{ "forward", LOCAL_DELIVERED_FORWARD }, { NULL, 0 } };
static const struct word propagate[] = { { "alias", LOCAL_ALIAS },
	{ "forward", LOCAL_FORWARD }, { "include", LOCAL_INCLUDE },
	{ "canonical", 0 }, { "virtual", 0 }, { "generic", 0 }, { NULL, 0 } };

/* The sum of the words of parameter ${name}; -1: one means nothing. */
static int
read_words(const char *name, const char *text, const struct word *words,
    unsigned *sum, struct err *err)
{
	struct arena *arena = arena_new();
	const char *word;
	int result = 0;

	*sum = 0;
	while (result == 0 && (word = conf_word(&text, arena)) != NULL) {
		size_t i = 0;

		while (words[i].name != NULL &&
		    strcasecmp(words[i].name, word) != 0)
			i++;
		if (words[i].name == NULL) {
			err_set(err, "%s: unknown word: %s", name, word);
			result = -1;
		}
		*sum |= words[i].bit;
	}
	arena_free(arena);
	return result;
}

static const char *
text_of(const struct transport *t, const char *name, struct arena *arena)
{
	const char *text = conf_get(t->conf, name, arena, NULL);

	return text != NULL ? text : "";
}

static struct table_list *
open_list(const struct transport *t, const char *name, const char *text,
    struct arena *arena, struct err *err)
{
	struct err one = { { 0 } };
	struct table_list *list =
	    table_list_open(text, name, t->conf, arena, &one);

	if (one.text[0] != '\0')
		err_also(err, "%s", one.text);
	return list;
}

struct local_settings *
local_settings_open(struct transport *t, struct arena *arena, struct err *err)
{
	const struct delivery_params *p = &t->params;
	struct local_settings *s = arena_alloc(arena, sizeof *s);

	if (!mailbox_locks(p->mailbox_delivery_lock, &s->locks)) {
		err_set(err, "bad mailbox_delivery_lock: %s",
		    p->mailbox_delivery_lock);
		return NULL;
	}
	if (read_words("allow_mail_to_commands", p->allow_mail_to_commands,
		places, &s->commands, err) != 0 ||
	    read_words("allow_mail_to_files", p->allow_mail_to_files, places,
		&s->files, err) != 0 ||
	    read_words("prepend_delivered_header", p->prepend_delivered_header,
		delivered, &s->delivered, err) != 0 ||
	    read_words("propagate_unmatched_extensions",
		text_of(t, "propagate_unmatched_extensions", arena), propagate,
		&s->propagate, err) != 0)
		return NULL;
	s->delimiters = text_of(t, "recipient_delimiter", arena);
	s->directory = text_of(t, "queue_directory", arena);
	if (!param_bool(text_of(t, "owner_request_special", arena), &s->owners))
		s->owners = true;
	if (!param_bool(
		text_of(t, "enable_long_queue_ids", arena), &s->long_qids))
		s->long_qids = false;
	s->hops = strtoul(text_of(t, "hopcount_limit", arena), NULL, 10);
	s->aliases = open_list(
	    t, "alias_maps", text_of(t, "alias_maps", arena), arena, err);
	s->command_maps = open_list(
	    t, "mailbox_command_maps", p->mailbox_command_maps, arena, err);
	s->transport_maps = open_list(
	    t, "mailbox_transport_maps", p->mailbox_transport_maps, arena, err);
	s->fallback_maps = open_list(t, "fallback_transport_maps",
	    p->fallback_transport_maps, arena, err);
	return s;
}

void
local_settings_close(struct local_settings *s)
{
	table_list_close(s->aliases);
	table_list_close(s->command_maps);
	table_list_close(s->transport_maps);
	table_list_close(s->fallback_maps);
}
