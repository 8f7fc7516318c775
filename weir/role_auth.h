/* role_auth.h - the role that evaluates what strangers have written for
 * libraries that abort: policies of SPF.  It asks nobody, and keeps nothing. */
#ifndef WEIR_ROLE_AUTH_H
#define WEIR_ROLE_AUTH_H

/* A role's main function: see command.c. */
int role_auth(int argc, char **argv);

#endif
