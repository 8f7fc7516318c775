/* intake_line.h - a connection to a pickup service: octets out, replies in. */
#ifndef WEIR_INTAKE_LINE_H
#define WEIR_INTAKE_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum { INTAKE_LINE_REPLY = 2048 };

struct intake_line {
	int fd;
	char reply[INTAKE_LINE_REPLY]; /* the last one, its last line */
	char in[INTAKE_LINE_REPLY];
	size_t got; /* octets in ${in} */
};

/* intake_line_open(line, path, err): connect; -1 and why.  Blocks for a while
 * if the service is busy, as do the others. */
int
intake_line_open(struct intake_line *line, const char *path, struct err *err);
void intake_line_close(struct intake_line *line);

/* intake_line_put(line, data, n): false: the other side has gone. */
bool intake_line_put(struct intake_line *line, const void *data, size_t n);

/* intake_line_get(line): the next reply's code, the rest is in line->reply; 0:
 * the other side has gone, or says something else. */
int intake_line_get(struct intake_line *line);

#endif
