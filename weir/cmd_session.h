/* cmd_session.h - weir test session: judge a session that never was. */
#ifndef WEIR_CMD_SESSION_H
#define WEIR_CMD_SESSION_H

/* The sub-command "test"; argv[1] is "session". */
int cmd_session(int argc, char **argv);

#endif
