/* session_letter.h - a message in a file, as an MTA shows it to a milter. */
#ifndef WEIR_SESSION_LETTER_H
#define WEIR_SESSION_LETTER_H

struct err;
struct milterd_message;

/* session_letter_read(path, m, err): tell ${m} of its headers and its body; -1 and
 * why: it cannot be read. */
int session_letter_read(
    const char *path, struct milterd_message *m, struct err *err);

#endif
