/* test_session.h - weir test session: judge sessions that never were. */
#ifndef WEIR_TEST_SESSION_H
#define WEIR_TEST_SESSION_H

/* argv[0] is "session"; the exit status. */
int test_session(int argc, char **argv);

#endif
