/* mime_fault.h - what may be wrong with the structure of a message. */
#ifndef CHECKS_MIME_FAULT_H
#define CHECKS_MIME_FAULT_H

/* What is wrong with a message; each is reported once, and none stops it. */
enum mime_fault {
	MIME_FAULT_NESTING = 1,     /* parts in parts in parts */
	MIME_FAULT_LONG_HEADER = 2, /* a header was cut */
	MIME_FAULT_8BIT_HEADER = 4,
	MIME_FAULT_8BIT_BODY = 8, /* in a body that says 7bit */
	MIME_FAULT_ENCODING = 16, /* base64 or so on a multipart or message */
	MIME_FAULT_NO_END = 32, /* text, not an empty line, ends the headers */
	/* Others may see other parts than we do: two types or boundaries,
	 * none, or one in a form that not all understand. */
	MIME_FAULT_AMBIGUOUS = 64,
};

/* mime_fault_gravest(sum): one of a sum that is not 0.  mime_fault_text(fault):
 * in words, as logged with the text at fault, and as the client is told, with
 * status 5.6.0. */
enum mime_fault mime_fault_gravest(unsigned sum);
const char *mime_fault_text(enum mime_fault fault);

#endif
