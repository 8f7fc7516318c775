/* milter_edit.h - what one milter wants to be changed in a message: gathered
 * while it speaks, and applied when it has said that it is done. */
#ifndef PROXY_MILTER_EDIT_H
#define PROXY_MILTER_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct header_list;
struct milter_packet;
struct session;
struct spool;

struct milter_edit {
	struct milter_edit *next;
	char command; /* SMFIR_* */
	uint32_t number;
	const char *name, *value; /* value: NULL if there is none */
};

/* Texts live in ${arena}. */
struct milter_edit_list {
	struct arena *arena;
	struct milter_edit *first, **end;
	size_t octets;         /* of all texts */
	struct spool *body;    /* the new one; NULL: the old one stays */
	uint64_t most;         /* octets that it may have; 0: any number */
	const char *directory; /* for the spool */
	bool body_is_whole;    /* something else was said behind it */
};

/* milter_edit_open(list, arena, directory, most): no changes yet.
 * milter_edit_close(list): also forgets the body, unless it was taken away. */
void milter_edit_open(struct milter_edit_list *list, struct arena *arena,
    const char *directory, uint64_t most);
void milter_edit_close(struct milter_edit_list *list);

enum milter_edit_result {
	MILTER_EDIT_NONE, /* the packet is none that changes something */
	MILTER_EDIT_TAKEN,
	MILTER_EDIT_REFUSED, /* why is in ${err} */
	MILTER_EDIT_LARGE,   /* the new body is too large */
	MILTER_EDIT_FAILED,  /* it could not be kept; why is in ${err} */
};

/* milter_edit_add(list, packet, err): one more, copied.  The sum of all is
 * bounded. */
enum milter_edit_result milter_edit_add(struct milter_edit_list *list,
    const struct milter_packet *packet, struct err *err);

/*
 * milter_edit_apply(s, list, headers, leading_space):
 * Carry them out, in order, on ${headers}, the sender and the recipients of the session's transaction; what milter_header_checks say about
 * headers is done as well.  ${leading_space}: values bring the blank behind the
 * colon.  Nothing is changed any more once the message is rejected or
 * discarded by that.  May block, if the tables do.
 */
void milter_edit_apply(struct session *s, const struct milter_edit_list *list,
    struct header_list *headers, bool leading_space);

#endif
