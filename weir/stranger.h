/* stranger.h - whom the search for an open relay plays, and what he may say:
 * only what anybody on the Internet can be and can claim. */
#ifndef WEIR_STRANGER_H
#define WEIR_STRANGER_H

#include <stddef.h>

struct arena;
struct conf;
struct rules;

/* Somebody whom no configuration means.  What works for one of a kind, but not
 * for the others, is a trust that the administrator has put into him. */
struct stranger {
	const char *name, *addr, *status; /* of "client" */
	const char *home;                 /* a domain of his own */
	const char *foreign; /* somebody else's: what he wants to reach */
	const char *tag;     /* makes up more of them */
	const char *tls;     /* the protocol, or NULL */
};

enum { STRANGER_MEMBERS = 3 };

/* What can be chosen for a session.  The first of each is the plainest. */
enum stranger_part {
	STRANGER_KIND,
	STRANGER_HELO,
	STRANGER_SENDER,
	STRANGER_RECIPIENT,
	STRANGER_PARTS,
};

/* {home}, {foreign}, {addr} and {tag} are to be filled in; a NULL text: the
 * command is left out. */
struct stranger_choice {
	const char *text;
	const char *domain; /* of a recipient: where it is to lead to */
};

struct stranger_choices {
	struct stranger_choice *list[STRANGER_PARTS];
	size_t count[STRANGER_PARTS];
};

/* stranger_get(kind, member): kind < count[STRANGER_KIND] of the choices. */
const struct stranger *stranger_get(size_t kind, size_t member);

/*
 * stranger_choices(rules, conf, arena, choices):
 * What is worth trying with ${rules}, which were compiled from ${conf}: forms
 * of recipients with our own domains in them, and names, senders and
 * recipients that tables of ${rules} may permit: of each table a few for every
 * different answer, so that its size does not matter.  Asks no server.
 */
void stranger_choices(struct rules *rules, struct conf *conf,
    struct arena *arena, struct stranger_choices *choices);

/* stranger_fill(arena, text, who): a text with its { } filled in. */
const char *stranger_fill(
    struct arena *arena, const char *text, const struct stranger *who);

#endif
