/* cmd_check.h - weir check: compile the configuration, start nothing. */
#ifndef WEIR_CMD_CHECK_H
#define WEIR_CMD_CHECK_H

int cmd_check(int argc, char **argv);

#endif
