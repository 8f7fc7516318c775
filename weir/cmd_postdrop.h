/* cmd_postdrop.h - postdrop, for scripts that know the name. */
#ifndef WEIR_CMD_POSTDROP_H
#define WEIR_CMD_POSTDROP_H

/* As struct command demands. */
int cmd_postdrop(int argc, char **argv);

#endif
