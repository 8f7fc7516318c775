/* dns_hosts.c - see dns_hosts.h and dns.h. */
#include "base/dns_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/net.h"
#include "base/strmap.h"

enum { MOST_LINE = 4096 };

/* One address of a name, and the next. */
struct entry {
	struct net_addr addr;
	struct entry *next;
};

static struct arena *memory;
static struct strmap by_name; /* small letters; a list of struct entry */
static struct strmap by_addr; /* as printed; its first name */

static void
bind_name(const char *name, const struct net_addr *addr)
{
	char *key = arena_lower(memory, name);
	struct entry *e = arena_alloc(memory, sizeof *e), *old;

	e->addr = *addr;
	old = strmap_find(&by_name, key);
	if (old == NULL) {
		(void)strmap_set(&by_name, key, e);
		return;
	}
	while (old->next != NULL)
		old = old->next;
	old->next = e;
}

static void
read_line(char *line)
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
		bind_name(word, &addr);
		if (first && strmap_find(&by_addr, text) == NULL)
			(void)strmap_set(
			    &by_addr, text, arena_strdup(memory, word));
		first = false;
	}
}

void
dns_hosts_read(const char *path)
{
	char line[MOST_LINE];
	FILE *f;

	dns_hosts_forget();
	memory = arena_new();
	f = *path != '\0' ? fopen(path, "re") : NULL;
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL)
		read_line(line);
	(void)fclose(f);
}

void
dns_hosts_forget(void)
{
	strmap_free(&by_name);
	strmap_free(&by_addr);
	arena_free(memory);
	memory = NULL;
}

const char *
dns_hosts_name(const struct net_addr *addr)
{
	char text[NET_TEXT];

	return strmap_find(&by_addr, net_print(addr, text));
}

/* The first entry of ${name}, or NULL. */
static const struct entry *
find(const char *name)
{
	char key[256];
	size_t n = strlen(name);

	if (n >= sizeof key)
		return NULL;
	memcpy(key, name, n + 1);
	for (char *p = key; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return strmap_find(&by_name, key);
}

bool
dns_hosts_has(const char *name, const struct net_addr *addr)
{
	for (const struct entry *e = find(name); e != NULL; e = e->next)
		if (net_equal(&e->addr, addr))
			return true;
	return false;
}

size_t
dns_hosts_addrs(const char *name, struct net_addr *addrs, size_t most)
{
	size_t n = 0;

	for (const struct entry *e = find(name); e != NULL && n < most;
	     e = e->next)
		addrs[n++] = e->addr;
	return n;
}
