/* pipe_request.h - what the deliver role tells the local role of a delivery to
 * a command.  Which command that is, as whom and with what arguments, is in the
 * local role's own configuration: nobody can ask for another one.
 *
 * The frame is followed by ${body} octets of message with <CR><LF> line ends;
 * the answer is that of mailbox.h. */
#ifndef DELIVERY_PIPE_REQUEST_H
#define DELIVERY_PIPE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct frame;

enum { PIPE_REQUEST = 0x4d03 }; /* the frame's type; see mailbox.h */

struct pipe_rcpt {
	const char *address, *original; /* internal form */
};

struct pipe_request {
	const char *service; /* of master.cf */
	const char *qid, *sender, *nexthop, *envid;
	const char *client_name, *client_addr, *client_port, *helo, *protocol,
	    *sasl_method, *sasl_username; /* "" where not known */
	const char *head; /* lines in front of the message, LF */
	uint64_t size;    /* of the message as it is logged */
	uint64_t body;
	struct pipe_rcpt *rcpts;
	size_t nrcpts;
};

/* pipe_request_print(r, out): append the frame.  pipe_request_parse(): false:
 * malformed. */
void pipe_request_print(const struct pipe_request *r, struct buf *out);
bool pipe_request_parse(
    const struct frame *frame, struct arena *arena, struct pipe_request *r);

#endif
