/* conduct.h - what becomes of a client's mail, and how that counts for the
 * reputation of its network and of the domain that SPF finds responsible. */
#ifndef CHECKS_CONDUCT_H
#define CHECKS_CONDUCT_H

#include "base/net.h"

struct arena;
struct site;
struct subject;
struct world;

enum conduct {
	CONDUCT_STORED,
	CONDUCT_REFUSED,
	CONDUCT_RECIPIENT_REFUSED,
	CONDUCT_RECIPIENT,
	CONDUCT_CONTENT,
	CONDUCT_TRAP,
};
enum { CONDUCTS = CONDUCT_TRAP + 1 };

struct conduct_row {
	const char *name;
	unsigned good, bad; /* outcomes that it counts as */
	const char *help;   /* for the manual */
};

/* conduct_rows(): the one table of what is good and bad, by enum conduct. */
const struct conduct_row *conduct_rows(void);

/* Something that was done.  Texts are its holder's. */
struct conduct_deed {
	const struct site *site;
	struct net_addr client;
	const char *domain;    /* whose SPF policy has passed; or NULL */
	const char *recipient; /* the one that it is about, if that may be a
				* trap; or NULL */
	enum conduct what;
};

/* conduct_recipient(what, subject): whom it is about; NULL: nobody, or many. */
const char *conduct_recipient(enum conduct what, const struct subject *subject);

/* conduct_counts(site, subject): does it matter what the client does?  Not of
 * who has logged in.  Never blocks. */
bool conduct_counts(const struct site *site, const struct subject *subject);

/* conduct_weigh(deed, world, arena): its row, for a recipient that is a trap that
 * of CONDUCT_TRAP; NULL: it counts for nothing, as what clients in mynetworks do,
 * and as a trap's message, which is none more.  May block. */
const struct conduct_row *conduct_weigh(
    const struct conduct_deed *deed, struct world *world, struct arena *arena);

#endif
