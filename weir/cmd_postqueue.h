/* cmd_postqueue.h - weir postqueue, weir mailq. */
#ifndef WEIR_CMD_POSTQUEUE_H
#define WEIR_CMD_POSTQUEUE_H

int cmd_postqueue(int argc, char **argv);
int cmd_postqueue_mailq(int argc, char **argv);

#endif
