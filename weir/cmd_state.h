/* cmd_state.h - weir state: what restrictions remember. */
#ifndef WEIR_CMD_STATE_H
#define WEIR_CMD_STATE_H

int cmd_state(int argc, char **argv);

#endif
