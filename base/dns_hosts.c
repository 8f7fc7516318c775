/* dns_hosts.c - see dns_hosts.h and dns.h. */
#include "base/dns_hosts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/dns_file.h"
#include "base/net.h"
#include "base/strmap.h"

enum { MOST_LINE = 4096 };

/* One address of a name, and the next. */
struct entry {
	struct net_addr addr;
	struct entry *next;
};

/* What the file says; never changed, only replaced. */
struct names {
	struct arena *memory;
	struct strmap by_name; /* small letters; a list of struct entry */
	struct strmap by_addr; /* as printed; its first name */
};

static struct dns_file file;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct names *now; /* NULL: nothing; under the lock */

static void
bind_name(struct names *names, const char *name, const struct net_addr *addr)
{
	char *key = arena_lower(names->memory, name);
	struct entry *e = arena_alloc(names->memory, sizeof *e), *old;

	e->addr = *addr;
	old = strmap_find(&names->by_name, key);
	if (old == NULL) {
		(void)strmap_set(&names->by_name, key, e);
		return;
	}
	while (old->next != NULL)
		old = old->next;
	old->next = e;
}

static void
read_line(struct names *names, char *line)
{
	char text[NET_TEXT], *word, *rest = line;
	struct net_addr addr;
	bool first = true;

	line[strcspn(line, "#\r\n")] = '\0';
	word = strsep(&rest, " \t");
	while (word != NULL && *word == '\0')
		word = strsep(&rest, " \t");
	if (word == NULL || !net_parse(word, &addr))
		return;
	(void)net_print(&addr, text);
	while ((word = strsep(&rest, " \t")) != NULL) {
		if (!dns_valid_hostname(word, true))
			continue;
		bind_name(names, word, &addr);
		if (first && strmap_find(&names->by_addr, text) == NULL)
			(void)strmap_set(&names->by_addr, text,
			    arena_strdup(names->memory, word));
		first = false;
	}
}

/* What ${path} says. */
static struct names *
read_names(const char *path)
{
	struct arena *memory = arena_new();
	struct names *names = arena_alloc(memory, sizeof *names);
	FILE *f = fopen(path, "re");
	char line[MOST_LINE];

	names->memory = memory;
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		read_line(names, line);
	if (f != NULL)
		(void)fclose(f);
	return names;
}

/* Let ${names} be what is known from now on. */
static void
replace(struct names *names)
{
	struct names *old;

	(void)pthread_mutex_lock(&lock);
	old = now;
	now = names;
	(void)pthread_mutex_unlock(&lock);
	if (old == NULL)
		return;
	strmap_free(&old->by_name);
	strmap_free(&old->by_addr);
	arena_free(old->memory);
}

void
dns_hosts_read(const char *path)
{
	dns_hosts_forget();
	dns_file_open(&file, path);
	if (*path != '\0')
		replace(read_names(path));
}

void
dns_hosts_forget(void)
{
	dns_file_close(&file);
	replace(NULL);
}

/* What is known, locked; NULL, locked: nothing. */
static const struct names *
take(void)
{
	if (dns_file_changed(&file))
		replace(read_names(file.path));
	(void)pthread_mutex_lock(&lock);
	return now;
}

static void
give_back(void)
{
	(void)pthread_mutex_unlock(&lock);
}

const char *
dns_hosts_name(const struct net_addr *addr, struct arena *arena)
{
	const struct names *names = take();
	const char *name = NULL;
	char text[NET_TEXT];

	if (names != NULL)
		name = strmap_find(&names->by_addr, net_print(addr, text));
	if (name != NULL)
		name = arena_strdup(arena, name);
	give_back();
	return name;
}

bool
dns_hosts_knows(const struct net_addr *addr)
{
	const struct names *names = take();
	char text[NET_TEXT];
	bool knows = names != NULL &&
	    strmap_find(&names->by_addr, net_print(addr, text)) != NULL;

	give_back();
	return knows;
}

/* The first entry of ${name}, or NULL. */
static const struct entry *
find(const struct names *names, const char *name)
{
	char key[256];
	size_t n = strlen(name);

	if (names == NULL || n >= sizeof key)
		return NULL;
	memcpy(key, name, n + 1);
	for (char *p = key; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return strmap_find(&names->by_name, key);
}

bool
dns_hosts_has(const char *name, const struct net_addr *addr)
{
	const struct entry *e = find(take(), name);

	while (e != NULL && !net_equal(&e->addr, addr))
		e = e->next;
	give_back();
	return e != NULL;
}

size_t
dns_hosts_addrs(const char *name, struct net_addr *addrs, size_t most)
{
	size_t n = 0;

	for (const struct entry *e = find(take(), name); e != NULL && n < most;
	     e = e->next)
		addrs[n++] = e->addr;
	give_back();
	return n;
}
