/* roles.h - the processes that the supervisor starts, as commands. */
#ifndef WEIR_ROLES_H
#define WEIR_ROLES_H

int roles_proxy(int argc, char **argv);
int roles_queue(int argc, char **argv);
int roles_deliver(int argc, char **argv);
int roles_local(int argc, char **argv);
int roles_patterns(int argc, char **argv);

/* The maildrop's letters go on their way; ends when that is done. */
int roles_maildrop(int argc, char **argv);

#endif
