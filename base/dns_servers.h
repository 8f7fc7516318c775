/* dns_servers.h - whom to ask. */
#ifndef BASE_DNS_SERVERS_H
#define BASE_DNS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum { DNS_SERVERS_MOST = 8, DNS_SERVERS_TEXT = 64 };

/* Servers in libunbound's form, "addr" or "addr@port". */
struct dns_servers {
	char text[DNS_SERVERS_MOST][DNS_SERVERS_TEXT];
	size_t count;
};

/* dns_servers_parse(list, servers, err): "addr[@port] ...".  0, or -1 and the
 * reason. */
int dns_servers_parse(
    const char *list, struct dns_servers *servers, struct err *err);

/* dns_servers_system(path, servers): those of a resolv.conf(5); as for libc,
 * this machine if it names none. */
void dns_servers_system(const char *path, struct dns_servers *servers);

bool
dns_servers_equal(const struct dns_servers *a, const struct dns_servers *b);

#endif
