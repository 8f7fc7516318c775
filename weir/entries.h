/* entries.h - master.cf as words: what postconf shows and edits.  (What the
 * words mean is the business of base/master.h.) */
#ifndef WEIR_ENTRIES_H
#define WEIR_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"

struct arena;
struct err;
struct listing;

enum entry_field {
	ENTRY_SERVICE,
	ENTRY_TYPE,
	ENTRY_PRIVATE,
	ENTRY_UNPRIVILEGED,
	ENTRY_CHROOT,
	ENTRY_WAKEUP,
	ENTRY_PROCESS_LIMIT,
	ENTRY_COMMAND, /* with all that follows */
	ENTRY_FIELDS,
};

/* One word behind the command; "-o name=value" is one. */
struct entry_word {
	const char *name; /* of -o; NULL: another word */
	const char *text; /* the value, or the word without braces */
};

struct entry {
	const char *fields[ENTRY_FIELDS];
	struct entry_word *words;
	size_t count;
	size_t options; /* words[0..options) stand before the first argument */
	struct origin origin;
};

struct entries {
	struct entry *entries;
	size_t count;
};

/* entries_parse(name, text, arena, entries, err): all in ${arena}; -1 and the
 * reason if ${text} is not a master.cf. */
int entries_parse(const char *name, const char *text, struct arena *arena,
    struct entries *entries, struct err *err);

/* entries_words(line, arena, entry, err): one logical line; -1: too few
 * fields. */
int entries_words(const char *line, struct arena *arena, struct entry *entry,
    struct err *err);

/* entries_field(name): its number, or -1; entries_field_name(field). */
int entries_field(const char *name);
const char *entries_field_name(int field);

/* entries_print(l, entry): the line(s) of ${entry}, without the end.
 * entries_print_command(l, entry): the command and what follows it. */
void entries_print(struct listing *l, const struct entry *entry);
void entries_print_command(struct listing *l, const struct entry *entry);

/* A request of the command line: service[/type[/name]], where what is left out
 * is "*". */
struct entries_request {
	const char *service, *type, *name;
	const char *value; /* behind '=', or NULL */
	const char *text;  /* as it was given */
	bool matched;
};

/* entries_request(text, parts, arena, r): "a/b/c" cut in at most ${parts}; the
 * number of parts, 0: too many or none. */
size_t entries_request(const char *text, size_t parts, struct arena *arena,
    struct entries_request *r);

/* entries_match(r, entry): does it ask for ${entry}?  entries_match_name(r,
 * name): and for what is called ${name}? */
bool entries_match(const struct entries_request *r, const struct entry *entry);
bool entries_match_name(const struct entries_request *r, const char *name);

#endif
