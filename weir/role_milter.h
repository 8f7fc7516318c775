/* role_milter.h - the process of a milter service, as a command. */
#ifndef WEIR_ROLE_MILTER_H
#define WEIR_ROLE_MILTER_H

int role_milter(int argc, char **argv);

#endif
