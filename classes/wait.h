/* wait.h - what an evaluation may have to wait for. */
#ifndef CLASSES_WAIT_H
#define CLASSES_WAIT_H

/* In order of how long that may take. */
enum wait {
	WAIT_NONE,
	WAIT_MEMORY, /* what is remembered: some microseconds, if that is kept
		      * on this machine */
	WAIT_OTHERS, /* the DNS, a server */
};

static inline enum wait
wait_longer(enum wait a, enum wait b)
{
	return a > b ? a : b;
}

#endif
