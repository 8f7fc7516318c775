/* cmd_postmap.h - weir postmap, weir postalias. */
#ifndef WEIR_CMD_POSTMAP_H
#define WEIR_CMD_POSTMAP_H

/* As struct command demands. */
int cmd_postmap(int argc, char **argv);
int cmd_postmap_aliases(int argc, char **argv);

#endif
