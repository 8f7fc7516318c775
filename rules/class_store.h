/* class_store.h - the file behind class: tables: who has which class.
 *
 * It is an index (index.h) without a text: the one copy of what administrators
 * have said by weir class, so each change is durable when it is told as made,
 * and readers see all of it or nothing. */
#ifndef RULES_CLASS_STORE_H
#define RULES_CLASS_STORE_H

struct err;

/* All return -1 and the reason in ${err}: nothing has changed. */

/* class_store_set(path, user, class, err): from now on ${user} has ${class},
 * whatever it was before.  Waits for others who change the file, which is made
 * if there is none. */
int class_store_set(
    const char *path, const char *user, const char *class, struct err *err);

/* class_store_unset(path, user, class, err): ${user} has none.  1: it had none
 * before or, if ${class} is not NULL, another one. */
int class_store_unset(
    const char *path, const char *user, const char *class, struct err *err);

/* class_store_each(path, fn, arg, err): call ${fn} for each user; a file that
 * does not exist has none. */
int class_store_each(const char *path,
    void (*fn)(void *arg, const char *user, const char *class, unsigned line),
    void *arg, struct err *err);

#endif
