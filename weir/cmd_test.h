/* cmd_test.h - weir test: the bench for those who write rules. */
#ifndef WEIR_CMD_TEST_H
#define WEIR_CMD_TEST_H

/* The sub-command "test"; argv[1] names one of its own. */
int cmd_test(int argc, char **argv);

#endif
