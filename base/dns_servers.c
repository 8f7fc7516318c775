/* dns_servers.c - see dns_servers.h. */
#include "base/dns_servers.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/net.h"

static const char blanks[] = ", \t\r\n";

/* Append the server that the first ${n} octets of ${word} are. */
static int
add(struct dns_servers *servers, const char *word, size_t n)
{
	char copy[DNS_SERVERS_TEXT], text[NET_TEXT], *at;
	struct net_addr addr;
	unsigned port = 53;

	if (n >= sizeof copy || servers->count == DNS_SERVERS_MOST)
		return -1;
	memcpy(copy, word, n);
	copy[n] = '\0';
	at = strchr(copy, '@');
	if (at != NULL) {
		*at = '\0';
		if (at[1] < '0' || at[1] > '9' || !net_port(at + 1, &port))
			return -1;
	}
	if (!net_parse(copy, &addr))
		return -1;
	(void)snprintf(servers->text[servers->count++], DNS_SERVERS_TEXT,
	    "%s@%u", net_print(&addr, text), port);
	return 0;
}

int
dns_servers_parse(
    const char *list, struct dns_servers *servers, struct err *err)
{
	size_t n;

	servers->count = 0;
	for (const char *p = list; *(p += strspn(p, blanks)) != '\0'; p += n) {
		n = strcspn(p, blanks);
		if (add(servers, p, n) == 0)
			continue;
		err_set(err, "bad name server \"%.*s\"", (int)n, p);
		return -1;
	}
	return 0;
}

void
dns_servers_system(const char *path, struct dns_servers *servers)
{
	static const char keyword[] = "nameserver";
	FILE *f = fopen(path, "re");
	char line[512], *p;

	servers->count = 0;
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, keyword, sizeof keyword - 1) != 0)
			continue;
		p = line + sizeof keyword - 1;
		/* One that libc would not understand either is passed over. */
		if (strspn(p, blanks) > 0 && strchr(p, '@') == NULL) {
			p += strspn(p, blanks);
			(void)add(servers, p, strcspn(p, blanks));
		}
	}
	if (f != NULL)
		(void)fclose(f);
	if (servers->count == 0)
		(void)add(servers, "127.0.0.1", strlen("127.0.0.1"));
}

bool
dns_servers_equal(const struct dns_servers *a, const struct dns_servers *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}
