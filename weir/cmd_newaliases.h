/* cmd_newaliases.h - weir newaliases. */
#ifndef WEIR_CMD_NEWALIASES_H
#define WEIR_CMD_NEWALIASES_H

/* As struct command demands. */
int cmd_newaliases(int argc, char **argv);

#endif
