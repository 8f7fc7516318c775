/* program_status.h - what the end of a program means for the mail that it was
 * given (sysexits.h). */
#ifndef DELIVERY_PROGRAM_STATUS_H
#define DELIVERY_PROGRAM_STATUS_H

struct arena;
struct program_result;
struct mailbox_answer;

/*
 * program_status_answer(result, program, sent, arena, answer):
 * ${program} is named where its exit status has no meaning of its own; ${sent}
 * is the text of success, and its output is told behind it.  Output that begins
 * with an enhanced status code (RFC 3463) 4.X.X or 5.X.X decides by that.
 */
void
program_status_answer(const struct program_result *result, const char *program,
    const char *sent, struct arena *arena, struct mailbox_answer *answer);

#endif
