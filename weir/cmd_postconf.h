/* cmd_postconf.h - weir postconf. */
#ifndef WEIR_CMD_POSTCONF_H
#define WEIR_CMD_POSTCONF_H

int cmd_postconf(int argc, char **argv);

#endif
