/* dns_hosts.h - the file of host names (hosts(5)). */
#ifndef BASE_DNS_HOSTS_H
#define BASE_DNS_HOSTS_H

/* dns_hosts_read(path): read it, before any thread asks; a file that cannot be
 * read is an empty one, as for libc.  "": none.  When it changes it is read
 * again, by who asks next.  dns_hosts_forget(): give it back. */
void dns_hosts_read(const char *path);
void dns_hosts_forget(void);

#endif
