/* dnsbl_filter.h - which answers of a DNS list count: "d.d.d.d", where each d
 * is a number or "[a;b;c..d]". */
#ifndef CHECKS_DNSBL_FILTER_H
#define CHECKS_DNSBL_FILTER_H

#include <stdbool.h>

struct arena;
struct err;

struct dnsbl_filter {
	unsigned char allowed[4][32]; /* a bit for each value of an octet */
};

/* dnsbl_filter_parse(text, filter, err): false, and the reason with the place
 * in ${text} marked by ">" and "<", if it is malformed. */
bool dnsbl_filter_parse(
    const char *text, struct dnsbl_filter *filter, struct err *err);

/* dnsbl_filter_has(filter, octets): does the address match? */
bool dnsbl_filter_has(
    const struct dnsbl_filter *filter, const unsigned char octets[4]);

#endif
