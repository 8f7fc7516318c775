/* dns_search.c - see dns_search.h. */
#include "base/dns_search.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/dns_file.h"

enum { MOST_DOMAINS = 16, MOST_NAME = 256, MOST_DOTS = 15, MOST_LINE = 4096 };

static const char blanks[] = " \t\r\n";

struct domains {
	char names[MOST_DOMAINS][MOST_NAME];
	size_t count;
	unsigned dots; /* a name with so many is asked for as it is, first */
};

static struct dns_file file;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct domains known = { .dots = 1 }; /* under the lock */

static void
add(struct domains *domains, const char *name)
{
	size_t n = strlen(name);

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (domains->count < MOST_DOMAINS && n < MOST_NAME) {
		memcpy(domains->names[domains->count], name, n);
		domains->names[domains->count++][n] = '\0';
	}
}

static void
read_option(struct domains *domains, const char *word)
{
	static const char dots[] = "ndots:";
	unsigned long n;

	if (strncmp(word, dots, sizeof dots - 1) != 0)
		return;
	n = strtoul(word + sizeof dots - 1, NULL, 10);
	domains->dots = n < MOST_DOTS ? (unsigned)n : MOST_DOTS;
}

/* The last one of "domain" and "search" counts. */
static void
read_line(struct domains *domains, char *line)
{
	char *rest, *keyword = strtok_r(line, blanks, &rest), *word;
	bool search = keyword != NULL && strcmp(keyword, "search") == 0;
	bool domain = keyword != NULL && strcmp(keyword, "domain") == 0;
	bool options = keyword != NULL && strcmp(keyword, "options") == 0;

	if (search || domain)
		domains->count = 0;
	if (!search && !domain && !options)
		return;
	while ((word = strtok_r(NULL, blanks, &rest)) != NULL) {
		if (options)
			read_option(domains, word);
		else
			add(domains, word);
		if (domain)
			return;
	}
}

/* Without anything that is said, the domain of this machine's name. */
static void
add_own(struct domains *domains)
{
	char name[MOST_NAME] = "";
	const char *dot;

	if (gethostname(name, sizeof name - 1) == 0 &&
	    (dot = strchr(name, '.')) != NULL && dot[1] != '\0')
		add(domains, dot + 1);
}

static void
read_domains(void)
{
	struct domains domains = { .dots = 1 };
	FILE *f = fopen(file.path, "re");
	char line[MOST_LINE];

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		read_line(&domains, line);
	if (f != NULL)
		(void)fclose(f);
	if (domains.count == 0)
		add_own(&domains);
	(void)pthread_mutex_lock(&lock);
	known = domains;
	(void)pthread_mutex_unlock(&lock);
}

void
dns_search_open(const char *path)
{
	dns_file_open(&file, path);
	if (file.path != NULL)
		read_domains();
}

void
dns_search_close(void)
{
	dns_file_close(&file);
	known = (struct domains){ .dots = 1 };
}

static unsigned
count_dots(const char *name)
{
	unsigned n = 0;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

const char **
dns_search_names(const char *name, unsigned how, struct arena *arena, size_t *n)
{
	const char **names =
	    arena_alloc(arena, (MOST_DOMAINS + 2) * sizeof names[0]);
	unsigned dots = count_dots(name);
	bool first;
	size_t most;

	*n = 0;
	if (how != 0 && dns_file_changed(&file))
		read_domains();
	(void)pthread_mutex_lock(&lock);
	most = (how & DNS_SEARCH_DOMAINS) != 0 ? known.count
	    : how != 0 && dots == 0            ? 1
					       : 0;
	if (dots == 0 && (how & DNS_SEARCH_DEFAULT) == 0)
		most = 0;
	first = dots >= known.dots || most == 0;
	if (first)
		names[(*n)++] = name;
	for (size_t i = 0; i < most && i < known.count; i++)
		names[(*n)++] =
		    arena_printf(arena, "%s.%s", name, known.names[i]);
	(void)pthread_mutex_unlock(&lock);
	if (!first)
		names[(*n)++] = name;
	return names;
}
