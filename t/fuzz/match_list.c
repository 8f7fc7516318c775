/* Lists of names and addresses: the first element that matches decides, '!'
 * turns it round, and what a list does not know changes nothing.  The first
 * line is a list, the second a name. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/net.h"
#include "rules/address.h"
#include "rules/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct subject {
	struct arena *arena;
	const char *name;
	struct net_addr addr;
};

static enum table_status
ask(const struct subject *s, const char *list, unsigned flags)
{
	struct match *match = match_open(list, "list", flags, NULL, NULL);
	enum table_status status;

	/* Without tables nobody asks the world. */
	must(match_flags(match) == 0);
	status = match_client(match, NULL, s->arena, s->name, &s->addr);
	match_close(match);
	return status;
}

/* No files and no tables: the fuzzer is not to open what it likes. */
static void
disarm(char *list)
{
	bool start = true, literal = false;

	for (; *list != '\0'; list++) {
		if (strchr(" \t\r\n,", *list) != NULL) {
			start = true;
			continue;
		}
		if (start && *list == '!')
			continue;
		if (start) {
			literal = *list == '[';
			if (*list == '/')
				*list = '.';
		}
		start = false;
		if (*list == ':' && !literal)
			*list = '.';
	}
}

static void
check(const struct subject *s, const char *list, unsigned flags)
{
	enum table_status status = ask(s, list, flags);
	const char *word = address_fold(s->arena, s->name);

	must(ask(s, arena_printf(s->arena, "%s other.invalid", list), flags) ==
	    status);
	must(ask(s, arena_printf(s->arena, "!!other.invalid,\t%s", list),
		 flags) == status);
	/* A word of its own can be put in front of the list. */
	if (*word == '\0' ||
	    word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789.-")] !=
		'\0')
		return;
	must(ask(s, arena_printf(s->arena, "%s %s", word, list), flags) ==
	    TABLE_FOUND);
	must(ask(s, arena_printf(s->arena, "!%s %s", word, list), flags) ==
	    TABLE_NONE);
	if (status == TABLE_FOUND)
		must(ask(s, arena_printf(s->arena, "%s !%s", list, word),
			 flags) == TABLE_FOUND);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subject s = { .arena = arena_new() };
	char *list = arena_strndup(s.arena, (const char *)data, size);
	char *name = strchr(list, '\n');
	static int quiet;

	/* Mistakes are told; here they are all there is. */
	if (!quiet++)
		event_open(&(struct event_target){ .name = "fuzz",
		    .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
		    .json_fd = -1 });
	/* An open brace would take in what is put behind the list. */
	if (name != NULL && strpbrk(list, "{}") == NULL &&
	    strstr(name, "invalid") == NULL) {
		*name++ = '\0';
		disarm(list);
		name[strcspn(name, "\n")] = '\0';
		s.name = name;
		(void)net_parse(name, &s.addr);
		check(&s, list, 0);
		check(&s, list, MATCH_PARENT);
	}
	arena_free(s.arena);
	return 0;
}
