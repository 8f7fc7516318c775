/* login_sender.h - which sender addresses a login name of this machine may use
 * (local_login_sender_maps). */
#ifndef RULES_LOGIN_SENDER_H
#define RULES_LOGIN_SENDER_H

#include "rules/table.h"

struct arena;
struct world;

/* Who wants to send as whom. */
struct login_sender {
	const char *login;      /* or "uid:NUMBER"; NULL: not known */
	const char *sender;     /* internal form; "" is the null sender */
	const char *delimiters; /* recipient_delimiter */
	const char *null;       /* what stands for the null sender: "<>" */
};

/*
 * login_sender_match(maps, world, arena, who):
 * The entry of the login name in ${maps} is a list of what it may be: "*" for
 * everybody, who->null for the null sender, "@domain", "user@domain" and "user",
 * the last two with any extension; letters are compared without case.
 * TABLE_FOUND: it may.  TABLE_NONE: it may not, or has no entry.  TABLE_FAILED:
 * could not ask.
 */
enum table_status login_sender_match(const struct table_list *maps,
    struct world *world, struct arena *arena, const struct login_sender *who);

#endif
