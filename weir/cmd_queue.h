/* cmd_queue.h - weir queue: how much waits, by what. */
#ifndef WEIR_CMD_QUEUE_H
#define WEIR_CMD_QUEUE_H

/* cmd_queue(argc, argv): run the command; its exit status. */
int cmd_queue(int argc, char **argv);

#endif
