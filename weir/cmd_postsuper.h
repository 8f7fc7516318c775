/* cmd_postsuper.h - weir postsuper. */
#ifndef WEIR_CMD_POSTSUPER_H
#define WEIR_CMD_POSTSUPER_H

int cmd_postsuper(int argc, char **argv);

#endif
