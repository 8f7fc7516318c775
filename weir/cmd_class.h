/* cmd_class.h - weir class: who has which restriction class. */
#ifndef WEIR_CMD_CLASS_H
#define WEIR_CMD_CLASS_H

int cmd_class(int argc, char **argv);

#endif
