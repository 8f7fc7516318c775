/* milter_packet.h - the octets of the milter protocol, as an MTA sends and
 * receives them (libmilter/mfdef.h).  A packet is a length, a command and its
 * data. */
#ifndef PROXY_MILTER_PACKET_H
#define PROXY_MILTER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum {
	MILTER_PACKET_HEAD = 4, /* octets of the length */
	/* The longest that is taken: command and data.  libmilter splits what
	 * is longer than 64 KiB, but not the value of a header. */
	MILTER_PACKET_MOST = 1024 * 1024,
};

/* milter_packet_begin(out, command): append the start of a packet; where it
 * begins, for milter_packet_end(), which sets its length.  Between them: */
size_t milter_packet_begin(struct buf *out, char command);
void milter_packet_end(struct buf *out, size_t start);
/* A string with its NUL, and a number. */
void milter_packet_string(struct buf *out, const char *text);
void milter_packet_number(struct buf *out, uint32_t number);

/* milter_packet_length(head): the length that the first octets say. */
uint32_t milter_packet_length(const unsigned char head[MILTER_PACKET_HEAD]);

/* What a milter said.  Which members there are depends on the command; texts
 * point into what was parsed and end with a NUL there. */
struct milter_packet {
	char command;
	uint32_t number;         /* index of a header; version */
	uint32_t actions, steps; /* SMFIC_OPTNEG */
	const char *name;        /* of a header; an address */
	const char *value;       /* of a header; parameters, or NULL; a text */
	const char *data;        /* a piece of a body; lists of macros */
	size_t len;              /* of data */
	bool open;               /* a text that came without its NUL */
};

enum milter_packet_status {
	MILTER_PACKET_OK,
	MILTER_PACKET_UNKNOWN, /* no such command of a milter */
	MILTER_PACKET_SHORT,   /* something is missing */
	MILTER_PACKET_LONG,    /* something follows; packet->len octets */
	MILTER_PACKET_NUL,     /* a text with a NUL within */
};

/*
 * milter_packet_parse(text, n, packet):
 * Take apart ${n} octets, command and data, without the length.  A NUL must
 * stand behind them.  Nothing else than what was sent is printed for a packet
 * that is MILTER_PACKET_OK.
 */
enum milter_packet_status
milter_packet_parse(const char *text, size_t n, struct milter_packet *packet);
void milter_packet_print(const struct milter_packet *packet, struct buf *out);

/*
 * milter_packet_symbols(data, n, stage, names):
 * The next list of macros in the data of a negotiation: which stage they are
 * for (SMFIM_*), and their names.  False: there is none.  *data and *n become
 * what follows.
 */
bool milter_packet_symbols(
    const char **data, size_t *n, uint32_t *stage, const char **names);

/* milter_packet_event_name(command), milter_packet_reply_name(command):
 * "SMFIC_MAIL", "SMFIR_ACCEPT", as they stand in the log. */
const char *milter_packet_event_name(char command);
const char *milter_packet_reply_name(char command);

#endif
