/* What names that are not whole stand for, and files that change meanwhile. */
#include "base/dns_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/dns.h"
#include "base/dns_hosts.h"
#include "base/net.h"
#include "t/tap.h"

enum { BOTH = DNS_SEARCH_DEFAULT | DNS_SEARCH_DOMAINS };

static char dir[] = "/tmp/weir-dns-search-XXXXXX";
static struct arena *arena;

static const char *
put(const char *name, const char *text)
{
	const char *path = arena_printf(arena, "%s/%s", dir, name);
	FILE *f = fopen(arena_printf(arena, "%s.new", path), "w");

	if (f == NULL)
		abort();
	(void)fputs(text, f);
	(void)fclose(f);
	if (rename(arena_printf(arena, "%s.new", path), path) != 0)
		abort();
	return path;
}

/* The names, with blanks between them. */
static const char *
names(const char *name, unsigned how)
{
	size_t n;
	const char **list = dns_search_names(name, how, arena, &n);
	char *all = arena_strdup(arena, "");

	for (size_t i = 0; i < n; i++)
		all = arena_printf(
		    arena, "%s%s%s", all, i > 0 ? " " : "", list[i]);
	return all;
}

static void
test_names(void)
{
	dns_search_open(put("a",
	    "domain never.example\n"
	    "search one.example two.example.\n"
	    "options timeout:3 ndots:2\n"));
	is(names("host", 0), "host", "nothing is completed");
	is(names("host.a", 0), "host.a", "nothing at all");
	is(names("host", DNS_SEARCH_DEFAULT), "host.one.example host",
	    "res_defnames: our domain");
	is(names("host.a", DNS_SEARCH_DEFAULT), "host.a",
	    "res_defnames: only without a dot");
	is(names("host", DNS_SEARCH_DOMAINS), "host",
	    "res_dnsrch: only with a dot");
	is(names("host.a", DNS_SEARCH_DOMAINS),
	    "host.a.one.example host.a.two.example host.a",
	    "fewer dots than ndots: last as it is");
	is(names("host.a.b", DNS_SEARCH_DOMAINS),
	    "host.a.b host.a.b.one.example host.a.b.two.example",
	    "ndots: first as it is");
	is(names("host", BOTH), "host.one.example host.two.example host",
	    "both: all domains");
	dns_search_close();
	dns_search_open(
	    put("a", "search one.example\ndomain three.example x\n"));
	is(names("host.a", BOTH), "host.a host.a.three.example",
	    "the last line counts");
	dns_search_close();
	is(names("host", BOTH), "host", "no file");
}

/* Files are looked at again before long, and a file that is gone changes
 * nothing. */
static void
test_changes(void)
{
	const char *path = put("hosts", "192.0.2.1 one.example\n");
	struct net_addr addr;
	const char *name = NULL, *search = "";

	(void)net_parse("192.0.2.1", &addr);
	dns_hosts_read(path);
	dns_search_open(put("b", "search one.example\n"));
	is(dns_hosts_name(&addr, arena), "one.example", "a hosts file");
	(void)put("hosts", "192.0.2.1 two.example\n");
	(void)put("b", "search two.example\n");
	for (int i = 0; i < 3000; i++) {
		name = dns_hosts_name(&addr, arena);
		search = names("host", BOTH);
		if (strcmp(name, "two.example") == 0 &&
		    strcmp(search, "host.two.example host") == 0)
			break;
		(void)usleep(10000);
	}
	is(name, "two.example", "is read again");
	is(search, "host.two.example host", "and a resolv.conf");
	ok(dns_hosts_has("two.example", &addr) &&
		!dns_hosts_has("one.example", &addr) && dns_hosts_knows(&addr),
	    "nothing is left of what was there before");
	(void)unlink(path);
	for (int i = 0; i < 120; i++) {
		(void)usleep(10000);
		name = dns_hosts_name(&addr, arena);
	}
	is(name, "two.example", "a file that is gone is not an empty one");
	dns_search_close();
	dns_hosts_forget();
}

int
main(void)
{
	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		abort();
	test_names();
	test_changes();
	(void)unlink(arena_printf(arena, "%s/a", dir));
	(void)unlink(arena_printf(arena, "%s/b", dir));
	(void)rmdir(dir);
	arena_free(arena);
	return done_testing();
}
