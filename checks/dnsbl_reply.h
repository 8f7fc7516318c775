/* dnsbl_reply.h - what a client reads that a DNS list has. */
#ifndef CHECKS_DNSBL_REPLY_H
#define CHECKS_DNSBL_REPLY_H

struct answer;
struct ask;
struct conf;
struct site;

/* dnsbl_reply(ask, zone, reason, answer): a reply by rbl_reply_maps or
 * default_rbl_reply; ${zone} as written, with its filter; ${reason} from the
 * list's TXT record, or "". */
void dnsbl_reply(struct ask *ask, const char *zone, const char *reason,
    struct answer *answer);

/* dnsbl_reply_review(site, conf): warn of names in default_rbl_reply that stand
 * for nothing. */
void dnsbl_reply_review(const struct site *site, struct conf *conf);

#endif
