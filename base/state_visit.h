/* state_visit.h - the state store, for a command that an administrator runs. */
#ifndef BASE_STATE_VISIT_H
#define BASE_STATE_VISIT_H

struct err;
struct state;

/*
 * state_visit(dir, err):
 * As state_open(); but root goes on as the owner of ${dir}, for good.  What is
 * made there is then his, as the roles need it, and what he may have put there
 * leads root nowhere.
 */
struct state *state_visit(const char *dir, struct err *err);

#endif
