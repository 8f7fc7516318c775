/* mime_fault.c - see mime_fault.h. */
#include "checks/mime_fault.h"

#include <stddef.h>

#include "base/fatal.h"

/* The gravest one first. */
static const struct {
	enum mime_fault fault;
	const char *text;
} faults[] = {
	{ MIME_FAULT_NESTING, "MIME nesting exceeds safety limit" },
	{ MIME_FAULT_AMBIGUOUS, "MIME structure is ambiguous" },
	{ MIME_FAULT_LONG_HEADER,
	    "message header length exceeds safety limit" },
	{ MIME_FAULT_8BIT_HEADER,
	    "improper use of 8-bit data in message header" },
	{ MIME_FAULT_8BIT_BODY, "improper use of 8-bit data in message body" },
	{ MIME_FAULT_ENCODING,
	    "invalid message/* or multipart/* encoding domain" },
	{ MIME_FAULT_NO_END,
	    "primary header was terminated with non-empty line" },
};

enum { NFAULTS = sizeof faults / sizeof *faults };

const char *
mime_fault_text(enum mime_fault fault)
{
	size_t i = 0;

	while (i < NFAULTS && faults[i].fault != fault)
		i++;
	must(i < NFAULTS);
	return faults[i].text;
}

enum mime_fault
mime_fault_gravest(unsigned sum)
{
	size_t i = 0;

	while (i < NFAULTS && (sum & faults[i].fault) == 0)
		i++;
	must(i < NFAULTS);
	return faults[i].fault;
}
