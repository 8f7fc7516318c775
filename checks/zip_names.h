/* zip_names.h - the names of what a zip archive holds, as it streams by. */
#ifndef CHECKS_ZIP_NAMES_H
#define CHECKS_ZIP_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zip_names;

/* What else is to be said of an archive; each is told once. */
enum zip_fact {
	ZIP_ENCRYPTED, /* at least one member */
	ZIP_DAMAGED,   /* cut off, or its headers contradict each other */
	ZIP_NESTED,    /* an archive in an archive in the archive */
	ZIP_LIMIT,     /* the rest was not looked at */
	ZIP_FACTS,
};

struct zip_names_sink {
	/* A member's name, in UTF-8, in each way in which it may be read; what
	 * it is made of may be anything. */
	void (*member)(void *arg, const char *name, size_t len);
	void (*fact)(void *arg, enum zip_fact fact);
	void *arg;
};

/* What all archives of a message may cost together; counted down. */
struct zip_limits {
	uint64_t members;  /* headers of members */
	uint64_t inflated; /* octets of archives in archives */
};

/*
 * zip_names_new(sink, limits):
 * Begin an archive.  Every header of a member is told of, wherever it stands:
 * those before the members, those of the central directory, those in members
 * that are stored, and those in a member that is an archive and is deflated.
 * No size that an archive states is trusted.  Memory is bounded: the longest
 * header, twice, and two inflaters.  ${limits} outlives it.
 */
struct zip_names *
zip_names_new(const struct zip_names_sink *sink, struct zip_limits *limits);
void zip_names_free(struct zip_names *z);

/* zip_names_begins(data, n): an archive may begin with these octets; four are
 * enough to say. */
bool zip_names_begins(const char *data, size_t n);

/* zip_names_feed(z, data, n), zip_names_end(z): the archive's octets, in pieces of
 * any size, and its end. */
void zip_names_feed(struct zip_names *z, const char *data, size_t n);
void zip_names_end(struct zip_names *z);

#endif
