/* cmd_postcat.h - weir postcat. */
#ifndef WEIR_CMD_POSTCAT_H
#define WEIR_CMD_POSTCAT_H

int cmd_postcat(int argc, char **argv);

#endif
