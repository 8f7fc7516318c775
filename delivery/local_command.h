/* local_command.h - the deliver role asks the local role to run a command of an
 * alias, a .forward file or mailbox_command: a frame with struct local_command,
 * then ${size} octets of message with CRLF line ends; the answer is that of
 * mailbox.h. */
#ifndef DELIVERY_LOCAL_COMMAND_H
#define DELIVERY_LOCAL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct frame;

enum { LOCAL_COMMAND_RUN = 0x4d06 }; /* the frame's type; see mailbox.h */

struct local_command {
	const char *owner; /* whose rights it gets; "" is default_privs */
	const char *text;
	const char *directory; /* ""; queue_directory */
	const char *head;      /* lines in front of the message, LF */
	const char **env;      /* "NAME=value", beside what all get */
	size_t nenv;
	uint64_t size;
};

/* local_command_print(c, out): append the frame.  local_command_parse():
 * false: malformed, or a variable that is none of ours. */
void local_command_print(const struct local_command *c, struct buf *out);
bool local_command_parse(
    const struct frame *frame, struct arena *arena, struct local_command *c);

#endif
