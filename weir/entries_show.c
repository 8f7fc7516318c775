/* entries_show.c - see entries_show.h. */
#include "weir/entries_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "weir/entries.h"
#include "weir/listing.h"
#include "weir/setting.h"
#include "weir/settings.h"

/* One of the three ways to show services. */
struct way {
	char letter;
	size_t parts; /* of a request */
	const char *syntax;
	void (*print)(struct listing *l, const struct entry *entry,
	    struct entries_request *requests, size_t count);
};

/* The entry as requests see it: any of them that asks for ${name}, or for all
 * if there are none. */
static bool
is_wanted(const struct entry *entry, const char *name,
    struct entries_request *requests, size_t count)
{
	bool wanted = count == 0;

	for (size_t i = 0; i < count; i++) {
		if (entries_match(&requests[i], entry) &&
		    (name == NULL || entries_match_name(&requests[i], name)))
			wanted = requests[i].matched = true;
	}
	return wanted;
}

static struct listing_label
label_of(const struct entry *entry, const char *kind, const char *name)
{
	return (struct listing_label){ entry->fields[ENTRY_SERVICE],
		entry->fields[ENTRY_TYPE], kind, name };
}

/* The command and its arguments as one text, in JSON. */
static void
command_member(struct listing *l, const char *name, const struct entry *entry)
{
	struct listing plain = { 0 };

	entries_print_command(&plain, entry);
	listing_member(l, name, buf_str(&plain.line));
	buf_free(&plain.line);
	listing_origin(l, entry->origin);
}

static void
print_entry(struct listing *l, const struct entry *entry,
    struct entries_request *requests, size_t count)
{
	if (!is_wanted(entry, NULL, requests, count))
		return;
	if (l->json) {
		for (int i = 0; i < ENTRY_COMMAND; i++)
			listing_member(
			    l, entries_field_name(i), entry->fields[i]);
		command_member(l, entries_field_name(ENTRY_COMMAND), entry);
	} else {
		listing_origin(l, entry->origin);
		entries_print(l, entry);
	}
	listing_end(l);
}

static void
print_fields(struct listing *l, const struct entry *entry,
    struct entries_request *requests, size_t count)
{
	for (int i = 0; i < ENTRY_FIELDS; i++) {
		const char *name = entries_field_name(i);
		const struct listing_label label =
		    label_of(entry, "field", name);
		const struct conf_value value = { entry->fields[i],
			entry->origin };

		if (!is_wanted(entry, name, requests, count))
			continue;
		if (i != ENTRY_COMMAND) {
			listing_value(l, &label, &value);
			continue;
		}
		if (listing_label(l, &label, entry->origin)) {
			if (l->json)
				command_member(l, "value", entry);
			else
				entries_print_command(l, entry);
		}
		listing_end(l);
	}
}

static int
by_name(const void *a, const void *b)
{
	const struct entry_word *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* The options of ${entry}, of those with the same name the last, sorted. */
static size_t
sort_options(const struct entry *entry, struct entry_word *sorted)
{
	size_t n = 0, k;

	for (size_t i = 0; i < entry->count; i++) {
		if (entry->words[i].name == NULL)
			continue;
		for (k = 0; k < n; k++)
			if (by_name(&sorted[k], &entry->words[i]) == 0)
				break;
		sorted[k] = entry->words[i];
		n += k == n;
	}
	if (n > 0)
		qsort(sorted, n, sizeof *sorted, by_name);
	return n;
}

static void
print_parameters(struct listing *l, const struct entry *entry,
    struct entries_request *requests, size_t count)
{
	struct entry_word *sorted = calloc(entry->count + 1, sizeof *sorted);
	size_t n;

	if (sorted == NULL)
		fatal("out of memory");
	n = sort_options(entry, sorted);
	for (size_t i = 0; i < n; i++) {
		const struct listing_label label =
		    label_of(entry, "name", sorted[i].name);
		const struct conf_value value = { sorted[i].text,
			entry->origin };

		if (is_wanted(entry, sorted[i].name, requests, count))
			listing_value(l, &label, &value);
	}
	free(sorted);
}

/* ${entry} with the values of -o as the service sees them. */
static int
expand_entry(struct settings *s, struct entry *entry, struct err *err)
{
	struct conf *view = conf_view(s->conf);
	struct entry_word *words =
	    arena_alloc(s->arena, (entry->count + 1) * sizeof *words);
	struct entry_word *w = entry->words;
	int status = 0;

	conf_set(
	    view, "service_name", entry->fields[ENTRY_SERVICE], entry->origin);
	for (size_t i = 0; i < entry->count; i++)
		if (w[i].name != NULL)
			conf_set(view, w[i].name, w[i].text, entry->origin);
	for (size_t i = 0; i < entry->count && status == 0; i++) {
		words[i] = w[i];
		if (w[i].name == NULL || setting_is_raw(w[i].name))
			continue;
		words[i].text = conf_expand(view, w[i].text, s->arena, err);
		if (words[i].text == NULL) {
			err_add(err, "%s:%u: %s", entry->origin.file,
			    entry->origin.line, w[i].name);
			status = -1;
		}
	}
	entry->words = words;
	conf_free(view);
	return status;
}

static int
read_requests(struct settings *s, const struct way *way, char *const *args,
    struct entries_request *requests, struct err *err)
{
	size_t parts;

	for (size_t i = 0; args[i] != NULL; i++) {
		parts = entries_request(
		    args[i], way->parts, s->arena, &requests[i]);
		if (parts == 0) {
			err_set(err, "-%c option requires service_name[%s",
			    way->letter, way->syntax);
			return -1;
		}
		if (way->letter == 'F' && parts == way->parts &&
		    strcmp(requests[i].name, "*") != 0 &&
		    entries_field(requests[i].name) < 0) {
			err_set(err, "invalid service attribute name: \"%s\"",
			    requests[i].name);
			return -1;
		}
	}
	return 0;
}

static int
show(struct settings *s, struct listing *l, const struct way *way,
    char *const *args, bool expand, struct err *err)
{
	struct entries_request *requests;
	size_t count = 0;

	while (args[count] != NULL)
		count++;
	requests = arena_alloc(s->arena, (count + 1) * sizeof *requests);
	if (read_requests(s, way, args, requests, err) != 0)
		return -1;
	for (size_t i = 0; i < s->entries.count; i++) {
		struct entry entry = s->entries.entries[i];

		if (expand && expand_entry(s, &entry, err) != 0)
			return -1;
		way->print(l, &entry, requests, count);
	}
	for (size_t i = 0; i < count; i++)
		if (!requests[i].matched)
			event_warning(NULL, "unmatched request: \"%s\"",
			    requests[i].text);
	return 0;
}

int
entries_show(struct settings *s, struct listing *l, char *const *args,
    bool expand, struct err *err)
{
	static const struct way way = { 'M', 2, "/type]", print_entry };

	return show(s, l, &way, args, expand, err);
}

int
entries_show_fields(struct settings *s, struct listing *l, char *const *args,
    bool expand, struct err *err)
{
	static const struct way way = { 'F', 3, "/type[/field]]",
		print_fields };

	return show(s, l, &way, args, expand, err);
}

int
entries_show_parameters(struct settings *s, struct listing *l,
    char *const *args, bool expand, struct err *err)
{
	static const struct way way = { 'P', 3, "/type[/parameter]]",
		print_parameters };

	return show(s, l, &way, args, expand, err);
}
