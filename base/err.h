/* err.h - why something in the world failed, gathered on the way up. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* A reason in words.  Zero-initialised: no reason yet. */
struct err {
	char text[1024];
};

/* err_set(err, format, ...): state a reason; an older one is forgotten.
 * A NULL ${err} means that the caller does not want to know. */
void err_set(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* err_add(err, format, ...): put what the caller was doing, and ": ", in
 * front of the reason. */
void err_add(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* err_also(err, format, ...): one reason more, as a line of its own. */
void err_also(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* err_move(all, one): what ${one} says, if anything, is one reason more of
 * ${all}; ${one} is empty then. */
void err_move(struct err *all, struct err *one);

/* err_errno(number): what errno says, in words; like strerror(), but for any
 * thread. */
const char *err_errno(int number);

#endif
