/* cmd_postdrop.h - postdrop, for the sendmail(1) of Postfix and its like. */
#ifndef WEIR_CMD_POSTDROP_H
#define WEIR_CMD_POSTDROP_H

/* As struct command demands. */
int cmd_postdrop(int argc, char **argv);

#endif
